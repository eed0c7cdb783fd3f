import fcntl
import json
import shutil

import pytest

from pipeline.runs import records, tables
from pipeline.runs.records import RunRecord

METRICS = {"": {"hit@10": 0.2, "popular hit@10": 0.1, "recent hit@10": 0.09, "coverage@10": 0.5}}


def record(runs, run_id, preset="ml-100k", **more):
    made = RunRecord(run_id, preset, "/data", str(runs / preset), "/log", **more)
    made.write(runs / preset / "records")
    return made


def test_written_record_is_read_back(tmp_path):
    made = record(tmp_path, "2026-01-01", status="blessed", metrics=METRICS, pushed="/p/1")
    assert records.read_all(tmp_path) == [made]


def test_last_run_is_over_all_presets(tmp_path):
    record(tmp_path, "2026-01-02", metrics=METRICS)
    record(tmp_path, "2026-01-03", preset="ml-1m", metrics=METRICS, pushed="/p/2")
    record(tmp_path, "2026-01-04", status="failed")
    assert records.find(tmp_path, None).run_id == "2026-01-03"
    assert records.find(tmp_path, None, pushed=True).pushed == "/p/2"
    assert records.find(tmp_path, "2026-01-02").run_id == "2026-01-02"


@pytest.mark.parametrize(
    ("run_id", "pushed", "message"),
    [
        (None, False, "evaluated yet; start one with `movielens run`"),
        (None, True, "pushed yet"),
        ("2020", False, "No run '2020'.*`movielens runs`"),
    ],
)
def test_no_such_run(tmp_path, run_id, pushed, message):
    with pytest.raises(LookupError, match=message):
        records.find(tmp_path, run_id, pushed)


@pytest.mark.parametrize(
    ("pushed", "message"),
    [(False, "was not evaluated: it is failed. no space"), (True, "pushed nothing: it is failed")],
)
def test_named_run_that_came_to_nothing_says_why(tmp_path, pushed, message):
    record(tmp_path, "2026-01-01", status="failed", reasons=["no space"])
    with pytest.raises(LookupError, match=message):
        records.find(tmp_path, "2026-01-01", pushed)


def test_broken_record_is_named(tmp_path):
    record(tmp_path, "2026-01-01")
    path = tmp_path / "ml-100k" / "records" / "2026-01-01.json"
    path.write_text("{")
    with pytest.raises(ValueError, match=str(path)):
        records.read_all(tmp_path)


def test_record_of_a_later_revision_is_read(tmp_path):
    made = record(tmp_path, "2026-01-01", metrics=METRICS)
    path = tmp_path / "ml-100k" / "records" / "2026-01-01.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "from_tomorrow": [1]}))
    assert records.read_all(tmp_path) == [made]


def test_record_of_a_later_schema_is_refused(tmp_path):
    record(tmp_path, "2026-01-01")
    path = tmp_path / "ml-100k" / "records" / "2026-01-01.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema": 2}))
    with pytest.raises(ValueError, match=rf"{path} has schema 2, .* up to 1: .*Upgrade"):
        records.read_all(tmp_path)


def test_a_run_whose_process_ended_without_a_word_was_killed(tmp_path):
    made = record(tmp_path, "2026-01-01")
    (made_log := tmp_path / "ml-100k" / "log").write_text("")
    made.log = str(made_log)
    made.write(tmp_path / "ml-100k" / "records")
    (found,) = records.read_all(tmp_path)
    assert (found.status, found.reasons) == ("killed", [records.WHY_KILLED])
    with made_log.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert records.read_all(tmp_path)[0].status == "running"


def test_a_name_that_two_folders_have_is_asked_for_again(tmp_path):
    for preset in ("a", "b"):
        record(tmp_path, "2026-01-01", preset=preset, metrics=METRICS)
    with pytest.raises(LookupError, match=r"2 runs are called 2026-01-01; name one of .*--runs"):
        records.find(tmp_path, "2026-01-01")


def test_copied_runs_speak_of_themselves(tmp_path):
    pushed = tmp_path / "runs" / "ml-100k" / "serving" / "movielens" / "1"
    record(tmp_path / "runs", "2026-01-01", metrics=METRICS, pushed=str(pushed))
    shutil.copytree(tmp_path / "runs", tmp_path / "copy")
    copied = records.find(tmp_path / "copy", None, pushed=True)
    assert copied.output == str(tmp_path / "copy" / "ml-100k")
    assert copied.pushed == str(tmp_path / "copy" / "ml-100k" / "serving" / "movielens" / "1")


def test_metric_table_has_the_baselines_beside():
    assert tables.metric_table(METRICS[""]).splitlines() == [
        "             bundle  popular  recently popular",
        "hit@10       0.2000   0.1000            0.0900",
        "coverage@10  0.5000",
    ]


def test_metric_table_has_a_column_for_requests_whose_time_is_known():
    values = {**METRICS[""], "timed hit@10": 0.25}
    assert tables.metric_table(values).splitlines()[:2] == [
        "             bundle  request time known  popular  recently popular",
        "hit@10       0.2000              0.2500   0.1000            0.0900",
    ]


def test_recommendations_say_whether_they_are_personal():
    items = [("1", "Toy Story (1995)", 2.5)]
    assert "Recommended to user 42" in tables.recommendations("user 42", True, items)
    assert "popular lately" in tables.recommendations("user 42", False, items)
    assert "no item is left" in tables.recommendations("user 42", True, [])
    assert "no movie is left" in tables.recommendations("user 42", True, [], "movie")
