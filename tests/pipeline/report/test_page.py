import dataclasses
import re

import pytest

from pipeline.report import page
from pipeline.runs import records
from pipeline.runs.records import RunRecord

METRICS = {
    "": {
        "hit@10": 0.2,
        "popular hit@10": 0.1,
        "recent hit@10": 0.05,
        "coverage@10": 0.5,
        "example_count": 100.0,
    },
    "gender:F": {"hit@10": 0.25, "popular hit@10": 0.1, "example_count": 40.0},
    "gender:M": {"hit@10": 0.05, "popular hit@10": 0.1, "example_count": 60.0},
}
RUN = RunRecord(
    run_id="2026-01-02T03-00-00Z",
    preset="catalogue",
    data="/data/shop",
    output="/runs",
    log="/runs/logs/x.log",
    definition={
        "name": "shop",
        "item": {"noun": "product", "plural": "", "features": {"brand": {"kind": "category"}}},
        "event": {"features": {}},
        "user": None,
    },
    status=records.BLESSED,
    settings={"split.method": "leave_last_out", "model.epochs": 5},
    counts={"users": 100, "items": 20, "events": 1000},
    metrics=METRICS,
    components={"TwoTowerTrainer": {"seconds": 12.0, "cpu_seconds": 20.0, "cached": False}},
    pushed="/runs/serving/shop/7",
)
EARLIER = dataclasses.replace(
    RUN,
    run_id="2026-01-01T03-00-00Z",
    settings={**RUN.settings, "model.epochs": 4},
    counts={**RUN.counts, "users": 90},
    metrics={"": {**METRICS[""], "hit@10": 0.19}},
)


def text(html):
    """What a person reads."""
    html = re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)
    return " ".join(re.sub("<[^>]+>", " ", html).split())


def render(record=RUN, previous=None, runs=()):
    return page.render(record, previous, runs or [record])


def test_verdict_metrics_and_what_to_do():
    found = text(render())
    assert "Blessed. Pushed as version 7." in found
    assert "What to do now: Nothing." in found
    assert "bundle popular recently popular hit@10 0.2000 ± 0.0400 0.1000 ± 0.0300" in found
    assert "brand (item, category)" in found
    assert "12.0 s" in found


def test_who_is_worse_off_is_named():
    assert "Worse than “popular” for: gender:M." in text(render())


def test_beside_an_earlier_run():
    found = text(render(previous=EARLIER, runs=[EARLIER, RUN]))
    assert "model.epochs 5 4" in found
    assert "users 100 90" in found
    assert "0.1900 ± 0.0392" in found
    assert "Over runs" in found


def test_a_first_run_is_compared_with_nothing():
    found = text(render())
    assert "Over runs" not in found and "Settings that differ" not in found


@pytest.mark.parametrize("status", [s for s in page.WHAT_TO_DO if s != records.BLESSED])
def test_a_run_without_metrics(status):
    failed = dataclasses.replace(
        RUN, status=status, metrics={}, components={}, settings={}, pushed="", reasons=["No disk."]
    )
    found = text(render(failed, EARLIER, [EARLIER, failed]))
    assert "Nothing was pushed. No disk." in found
    assert page.WHAT_TO_DO[status] in found


def test_without_one_label_each_there_is_no_standard_error():
    settings = {**RUN.settings, "split.method": "temporal"}
    assert "±" not in text(render(dataclasses.replace(RUN, settings=settings))).replace(
        "After ±", ""
    )


def test_nothing_is_loaded_and_nothing_is_html_that_came_from_data():
    evil = "<script>alert(1)</script>"
    html = render(
        dataclasses.replace(
            RUN,
            data=evil,
            reasons=[evil],
            settings={**RUN.settings, evil: evil},
            definition={**RUN.definition, "name": evil},
            metrics={**METRICS, evil: METRICS["gender:F"]},
        )
    )
    assert "<script" not in html
    assert not re.search(r"\b(src|href)=|@import|url\(", html)


@pytest.mark.parametrize(
    ("runs", "expected"),
    [
        ([EARLIER, RUN], EARLIER),
        ([RUN], None),
        ([dataclasses.replace(EARLIER, status=records.NOT_BLESSED), RUN], None),
        ([dataclasses.replace(EARLIER, definition={"name": "other"}), RUN], None),
        ([RUN, dataclasses.replace(EARLIER, run_id="2026-01-03T03-00-00Z")], None),
    ],
    ids=["blessed", "first", "not-blessed", "another-model", "later"],
)
def test_the_run_before(runs, expected):
    assert page.find_previous(RUN, runs) == expected
