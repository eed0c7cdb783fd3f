import dataclasses
import json

import pytest

from components.bundle.manifest import Manifest
from components.registry import comparability
from transform.definition import Definition, Event, Item, Moment, User
from transform.kinds import Categories, Category, Number, Vector

SERVED = Manifest(
    towers={},
    data={"timelines": "a", "last_event": "2000-01-01"},
    counts={"events": 10},
    evaluation={"split": {"method": "leave_last_out"}, "exclude_seen": True},
    settings={},
    files={},
    definition={"name": "shop", "event": {}, "user": None},
    push={"metrics": {"hit@10": 0.1}},
)
BY_CHANCE = {"split": {"method": "random"}, "exclude_seen": True}
GROWN = {
    "data": {"timelines": "b", "last_event": "2000-01-02"},
    "counts": {"events": 11},
}


def changed(**fields):
    return dataclasses.replace(SERVED, **fields)


@pytest.mark.parametrize(
    ("served", "candidate"),
    [
        (SERVED, SERVED),
        (SERVED, changed(**GROWN)),
        (changed(data={"timelines": "b", "last_event": "2093-08-02"}), SERVED),
        (changed(evaluation=BY_CHANCE), changed(evaluation=BY_CHANCE)),
    ],
    ids=["same-data", "more-events", "wrong-time-corrected", "same-data-split-by-chance"],
)
def test_comparable(served, candidate):
    assert comparability.why_not(served, candidate) is None


@pytest.mark.parametrize(
    ("served", "candidate", "reason"),
    [
        (None, SERVED, "no manifest"),
        (changed(format=1), SERVED, "its manifest has format 1, the new one's 2"),
        (SERVED, changed(evaluation=BY_CHANCE), "'random'"),
        (SERVED, changed(evaluation={**SERVED.evaluation, "exclude_seen": False}), "measured by"),
        (changed(data=GROWN["data"]), SERVED, "not the same and more"),
        (SERVED, changed(**{**GROWN, "counts": {"events": 9}}), "not the same and more"),
        (
            changed(evaluation=BY_CHANCE),
            changed(evaluation=BY_CHANCE, **GROWN),
            "split by chance",
        ),
    ],
    ids=[
        "older-than-manifests",
        "older-than-definitions",
        "other-split",
        "seen-items-ranked",
        "ends-earlier",
        "fewer-events",
        "dealt-anew",
    ],
)
def test_not_comparable(served, candidate, reason):
    assert reason in comparability.why_not(served, candidate)


def shop(**tables):
    """The definition of a shop as a manifest holds it, with some tables changed."""
    event = {"user": "customer", "item": "sku", "time": Moment("at"), **tables.get("event", {})}
    event = {"features": {"type": Category(), "amount": Number()}, **event}
    user = tables.get("user", {"country": Category(), "taste": Vector(size=2)})
    data_set = Definition(
        name="shop",
        item=Item(id="sku", features=tables.get("item", {"brand": Category()})),
        user=User(id="customer", features=user) if user is not None else None,
        event=Event(**event),
    )
    return json.loads(data_set.to_json())


@pytest.mark.parametrize(
    "candidate",
    [
        shop(),
        shop(user={"country": Category(), "taste": Vector(size=2), "age": Number()}),
        shop(user={"country": Category()}),
        shop(user=None),
        shop(event={"features": {"type": Category(), "amount": Number(), "shop": Category()}}),
        shop(event={"features": {}}),
        shop(item={"brand": Categories(), "price": Number()}),
        shop(user={"country": Category(min_count=9, filter=True), "taste": Vector(size=2)}),
        shop(event={"weight": "weight"}),
    ],
    ids=[
        "same",
        "feature-of-users-added",
        "feature-of-users-removed",
        "users-removed",
        "feature-of-events-added",
        "features-of-events-removed",
        "items",
        "what-only-training-heeds",
        "weight",
    ],
)
def test_definitions_that_may_be_compared(candidate):
    assert comparability.definition_change(shop(), candidate) is None
    assert comparability.definition_change(candidate, shop()) is None


@pytest.mark.parametrize(
    ("candidate", "reason"),
    [
        (
            shop(user={"country": Categories(), "taste": Vector(size=2)}),
            "user.features.country.kind was 'category' and is 'categories'",
        ),
        (
            shop(user={"country": Category(), "taste": Vector(size=3)}),
            "user.features.taste.size was 2 and is 3",
        ),
        (
            shop(user={"country": Category(prefix=2), "taste": Vector(size=2)}),
            "user.features.country.prefix was 0 and is 2",
        ),
        (
            shop(event={"features": {"type": Number(), "amount": Number()}}),
            "event.features.type.kind was 'category' and is 'number'",
        ),
        (shop(event={"keep": {"amount": ">= 4"}}), "event.keep was {} and is {'amount': '>= 4'}"),
        (
            shop(event={"seen": {"type": ("purchase",)}}),
            "event.seen was {} and is {'type': ['purchase']}",
        ),
        (shop(event={"unknown_item": "drop"}), "event.unknown_item was 'refuse' and is 'drop'"),
    ],
    ids=["kind", "size", "prefix", "kind-of-events", "keep", "seen", "unknown-items"],
)
def test_definitions_that_may_not_be_compared(candidate, reason):
    assert comparability.definition_change(shop(), candidate) == reason
    why = comparability.why_not(changed(definition=shop()), changed(definition=candidate))
    assert why == f"its data was defined otherwise: {reason}"
