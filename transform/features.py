"""The names every stage agrees on, and which features a record has by its definition.

Two record types travel through the pipeline, both as `tf.Example`:

* a **timeline** is one user: their features, what they did before the split's cut, in time order
  (the history), and what they did after it (the labels; always empty in `train`);
* an **item** is one entry of the catalogue.

Ids are byte strings everywhere: they name things and are never computed with.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transform.definition import Definition

USER_ID = "user_id"
ITEM_ID = "item_id"
TIME = "time"  # int64, seconds since 1970-01-01 UTC; 0 where a caller does not know it
WEIGHT = "weight"  # float32 above 0; only where the definition has one
TITLE = "title"  # UTF-8, what people are shown
LABEL_PREFIX = "label_"
SEEN = "seen"  # int64 0 or 1, made by Transform: whether an event makes its item a seen one
HISTORY_PREFIX = "history_"  # of the inputs that hold a history, where a client sends one
EXCLUDE_ITEM_IDS = "exclude_item_ids"  # the input beside them
REQUEST_TIME = "request_time"  # likewise: int64 seconds UTC; 0 where a caller does not tell it
REQUIRE, FORBID = "require", "forbid"  # likewise: terms of a filter, such as "genres=Comedy"
ACTIVITY = "activity"  # a slice of its own
RESERVED = frozenset(
    {
        USER_ID,
        ITEM_ID,
        TIME,
        WEIGHT,
        TITLE,
        SEEN,
        EXCLUDE_ITEM_IDS,
        REQUEST_TIME,
        REQUIRE,
        FORBID,
        ACTIVITY,
    }
)

TRAIN, EVAL, TEST = "train", "eval", "test"  # splits of the timelines
CATALOGUE = "catalogue"  # the one split of the items

SPAN = "span"  # custom properties that artifacts carry from one component to the next
TRAINING_RUN = "training_run"
SET_ASIDE = "set_aside"  # where a moment was stated: number of events that are later


def label(name: str) -> str:
    """Returns the name under which a list of the history stands among the labels.

    Known only after the fact: never an input, never served.
    """
    return LABEL_PREFIX + name


def history(definition: "Definition") -> tuple[str, ...]:
    """Returns the names of the parallel lists of a history, which queries may use."""
    weight = (WEIGHT,) if definition.event.weight else ()
    return (ITEM_ID, TIME, *weight, *definition.event.features)


def labels(definition: "Definition") -> tuple[str, ...]:
    """Returns the names of the parallel lists of the labels, in the order of `history`."""
    return tuple(label(name) for name in history(definition))


def item(definition: "Definition") -> tuple[str, ...]:
    """Returns all that is known of an item, with events or without."""
    return (ITEM_ID, TITLE, *definition.item.features)
