import dataclasses

import pytest

from components.bundle.manifest import Manifest
from components.registry import comparability

SERVED = Manifest(
    towers={},
    data={"timelines": "a", "last_rating": "2000-01-01"},
    counts={"ratings": 10},
    evaluation={"split": {"method": "leave_last_out"}, "exclude_seen": True},
    settings={},
    files={},
    push={"metrics": {"hit@10": 0.1}},
)
BY_CHANCE = {"split": {"method": "random"}, "exclude_seen": True}
GROWN = {
    "data": {"timelines": "b", "last_rating": "2000-01-02"},
    "counts": {"ratings": 11},
}


def changed(**fields):
    return dataclasses.replace(SERVED, **fields)


@pytest.mark.parametrize(
    ("served", "candidate"),
    [
        (SERVED, SERVED),
        (SERVED, changed(**GROWN)),
        (changed(evaluation=BY_CHANCE), changed(evaluation=BY_CHANCE)),
    ],
    ids=["same-data", "more-ratings", "same-data-split-by-chance"],
)
def test_comparable(served, candidate):
    assert comparability.why_not(served, candidate) is None


@pytest.mark.parametrize(
    ("served", "candidate", "reason"),
    [
        (None, SERVED, "no manifest"),
        (SERVED, changed(evaluation=BY_CHANCE), "'random'"),
        (SERVED, changed(evaluation={**SERVED.evaluation, "exclude_seen": False}), "measured by"),
        (changed(**GROWN), SERVED, "not the same and more"),
        (SERVED, changed(**{**GROWN, "counts": {"ratings": 9}}), "not the same and more"),
        (
            changed(evaluation=BY_CHANCE),
            changed(evaluation=BY_CHANCE, **GROWN),
            "split by chance",
        ),
    ],
    ids=[
        "older-than-manifests",
        "other-split",
        "seen-items-ranked",
        "ends-earlier",
        "fewer-ratings",
        "dealt-anew",
    ],
)
def test_not_comparable(served, candidate, reason):
    assert reason in comparability.why_not(served, candidate)
