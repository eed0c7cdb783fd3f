import pytest

from pipeline.cli import main
from pipeline.kubeflow.api import backfill

PATTERN = "/data/{SPAN}"


@pytest.fixture
def fill(api, deploy, kubeflow, monkeypatch):
    """Runs spans against runs that end as they are told."""
    monkeypatch.setattr(backfill, "EVERY", 0)
    deploy(api, data=PATTERN)

    def fill(first, last, *more, ends=(), data=PATTERN):
        api.control("set", ends=list(ends))
        words = ["--version", "v1", "--from", first, "--to", last, *more]
        return kubeflow(api, "backfill", *words, data=data)

    return fill


def spans(api):
    return [run["runtime_config"]["parameters"]["span"] for run in api.state()["runs"]]


def test_each_span_waits_for_the_one_before(api, fill):
    ends = ["PENDING", "SUCCEEDED", "PENDING", "PENDING", "SUCCEEDED"]
    status, said, error = fill("7", "8", "--parameter", "epochs=3", ends=ends)
    assert status == main.OK, error
    assert said.splitlines() == ["start a run of span 7", "start a run of span 8"]
    assert spans(api) == ["7", "8"]
    assert [run["runtime_config"]["parameters"]["epochs"] for run in api.state()["runs"]] == [3, 3]
    looks = [e["request"] for e in api.state()["history"] if "runs" in e["request"]]
    two, three = (["POST runs", *(n * ["GET runs"])] for n in (2, 3))
    assert [look.split("/")[0] for look in looks] == two + three


def test_ends_at_the_first_that_fails_and_says_how_to_go_on(api, fill):
    status, _, error = fill("7", "9", ends=["SUCCEEDED", "FAILED"])
    assert status == main.FAILED
    assert "of span 8 ended as FAILED" in error and "--from 8 goes on there" in error
    assert spans(api) == ["7", "8"]


def test_dry_run_starts_none(api, fill):
    status, said, _ = fill("7", "8", "--dry-run")
    assert status == main.OK
    assert said.count("would start a run of span") == 2
    assert spans(api) == []


def test_data_that_has_no_spans(api, fill):
    status, _, error = fill("7", "8", data="/data/ml-100k")
    assert status == main.FAILED and "'/data/ml-100k' is one folder" in error
    assert spans(api) == []


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("7", "7", ["7"]),
        ("9", "11", ["9", "10", "11"]),
        ("2026-02-28", "2026-03-01", ["2026-02-28", "2026-03-01"]),
    ],
    ids=["one", "numbers", "dates"],
)
def test_spans_between(first, last, expected):
    assert backfill.between(first, last) == expected


@pytest.mark.parametrize(
    ("first", "last", "message"),
    [
        ("8", "7", "the first comes after the last"),
        ("7", "2026-01-31", "from a date to a date"),
        ("newest", "8", "got 'newest'"),
    ],
    ids=["backwards", "mixed", "no-span"],
)
def test_no_spans_between(first, last, message):
    with pytest.raises(ValueError, match=message):
        backfill.between(first, last)
