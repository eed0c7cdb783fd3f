import subprocess
import sys

from pipeline.runs import verdict
from pipeline.runs.records import RunRecord
from support import ROOT


def test_reasons_are_a_sentence_each():
    record = RunRecord("1", "ml-100k", "/data", "/runs", "/log")
    assert verdict.reasons(record) == []
    record.reasons = ["hit@10 is low", "TimelinesGate failed: Mend it:\n  split eval: 7\n"]
    assert verdict.reasons(record) == [
        "hit@10 is low",
        "TimelinesGate failed: Mend it:",
        "split eval: 7",
    ]


def test_reasons_need_no_tensorflow():
    program = (
        "import sys; from pipeline.runs import verdict; assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT, capture_output=True)
