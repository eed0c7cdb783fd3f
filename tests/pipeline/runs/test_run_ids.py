"""Names of runs are given once, and a killed process leaves no lock."""

import datetime
import re
import subprocess
import sys

import pytest

from pipeline.runs import run_ids
from support import ROOT

HOLD = """
import pathlib, sys, time
from pipeline.runs import run_ids
with run_ids.reserve(pathlib.Path(sys.argv[1])) as (run_id, log):
    print(log, flush=True)
    time.sleep(600)
"""


def test_a_name_is_utc(tmp_path):
    with run_ids.reserve(tmp_path / "logs") as (run_id, log):
        given = datetime.datetime.strptime(run_id, "%Y-%m-%dT%H-%M-%SZ")
        now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
        assert abs(now - given) < datetime.timedelta(minutes=5)
        assert log == tmp_path / "logs" / f"{run_id}.log"


def test_names_of_one_second_differ_and_sort(tmp_path, monkeypatch):
    class Still(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2026, 1, 31, 3, tzinfo=tz)

    monkeypatch.setattr(run_ids.datetime, "datetime", Still)
    names = []
    for _ in range(3):
        with run_ids.reserve(tmp_path) as (run_id, _log):
            names.append(run_id)
    assert names == ["2026-01-31T03-00-00Z", "2026-01-31T03-00-00Z-02", "2026-01-31T03-00-00Z-03"]
    assert sorted(names) == names
    assert all(re.fullmatch(r"[\w-]+", name) for name in names)


@pytest.mark.parametrize("end", ["kill", "terminate"])
def test_a_process_that_was_ended_is_noticed(tmp_path, end):
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        log = process.stdout.readline().strip()
        assert not run_ids.is_dead(log)
        getattr(process, end)()
    assert run_ids.is_dead(log)


def test_of_a_log_that_is_gone_nothing_is_known(tmp_path):
    assert not run_ids.is_dead(str(tmp_path / "gone.log"))
