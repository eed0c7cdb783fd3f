import dataclasses

import pytest

from pipeline.runs import description, report
from pipeline.runs.records import RunRecord

FIRST = RunRecord(
    run_id="2026-01-01T03-00-00Z",
    preset="ml-100k",
    data="/data/1",
    output="/runs/ml-100k",
    log="/runs/ml-100k/logs/a.log",
    status="not blessed",
    reasons=["hit@10 is 0.2000, 0.1000 below the threshold 0.3000"],
    settings={"split.method": "leave_last_out", "model.epochs": 3},
    counts={"users": 100},
    metrics={"": {"hit@10": 0.2, "popular hit@10": 0.1, "ndcg@10": 0.1, "example_count": 100.0}},
)
SECOND = dataclasses.replace(
    FIRST,
    run_id="2026-01-02T03-00-00Z",
    status="blessed",
    reasons=[],
    settings={**FIRST.settings, "model.epochs": 4},
    metrics={"": {"hit@10": 0.5, "ndcg@10": 0.1, "example_count": 100.0}},
)


def test_a_run_is_described_with_why_it_was_not_blessed():
    lines = description.describe(FIRST).splitlines()
    assert "status   not blessed" in lines
    assert "0.1000 below the threshold 0.3000" in "\n".join(lines)
    assert [line.split() for line in lines if line.startswith("model.epochs")] == [
        ["model.epochs", "3"]
    ]
    assert any(line.startswith("hit@10") and "0.1000" in line for line in lines)


def test_a_run_that_measured_nothing_is_described():
    failed = dataclasses.replace(FIRST, status="failed", metrics={}, settings={})
    assert "hit@10 " not in description.describe(failed).replace("hit@10 is", "")


def test_the_moment_and_what_is_later_are_told():
    counts = {**SECOND.counts, "set_aside": 1234}
    run = dataclasses.replace(SECOND, as_of="2026-01-31T23:59:59+00:00", counts=counts)
    lines = [line.split() for line in description.describe(run).splitlines()]
    assert ["as", "of", "2026-01-31T23:59:59+00:00"] in lines and ["set_aside", "1234"] in lines
    assert "as of " in description.compare(FIRST, run)
    told = "As of 2026-01-31T23:59:59+00:00: 1,234 later events were set aside."
    assert told in report.summary(run).splitlines()
    assert "As of" not in report.summary(SECOND)


def test_two_runs_side_by_side():
    lines = description.compare(FIRST, SECOND).splitlines()
    assert [line.split() for line in lines] == [
        ["2026-01-01T03-00-00Z", "2026-01-02T03-00-00Z"],
        ["status", "not", "blessed", "blessed"],
        ["model.epochs", "3", "4"],
        ["example_count", "100.0000", "100.0000"],
        # sqrt(.2 · .8 / 100) and sqrt(.5 · .5 / 100)
        ["hit@10", "0.2000", "±", "0.0400", "0.5000", "±", "0.0500"],
        ["ndcg@10", "0.1000", "0.1000"],
        ["popular", "hit@10", "0.1000", "±", "0.0300"],
    ]


@pytest.mark.parametrize(
    "settings", [{}, {"split.method": "random"}], ids=["old-record", "many-labels"]
)
def test_no_standard_error_where_users_have_many_labels(settings):
    record = dataclasses.replace(FIRST, settings=settings)
    assert description.standard_error("hit@10", record) is None
