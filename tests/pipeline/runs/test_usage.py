import subprocess
import sys

from pipeline.runs import usage

ASK = "from pipeline.runs import usage; print(usage.peak_gigabytes())"


def test_peak_memory_is_what_this_process_held_and_not_the_one_that_started_it():
    held = b"1" * 300_000_000
    assert usage.peak_gigabytes() > 0.3
    done = subprocess.run([sys.executable, "-c", ASK], stdout=subprocess.PIPE, check=True)
    assert 0.001 < float(done.stdout) < 0.1
    assert len(held) == 300_000_000


def test_peak_memory_without_a_proc_folder(monkeypatch, tmp_path):
    exact = usage.peak_gigabytes()
    monkeypatch.setattr(usage, "STATUS", tmp_path / "none")
    assert usage.peak_gigabytes() > exact / 2


def test_cpu_seconds_rise_with_work():
    before = usage.cpu_seconds()
    sum(range(3_000_000))
    assert 0 < usage.cpu_seconds() - before < 60
