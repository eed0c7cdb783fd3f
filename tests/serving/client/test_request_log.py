"""What the client logs, and that the readers of data sets take it as events."""

import math
import shutil

import pyarrow as pa
import pyarrow.parquet
import pytest

from components.ingestion import tables
from serving.client.recommender import Answer, Item, RecommenderClient
from serving.client.request_log import RequestLog, events_schema
from serving.client.transport import Prediction
from support import generated_shop

ITEMS, USERS, EVENTS = generated_shop.rows()
SKU, PERSON = ITEMS[0]["sku"], USERS[0]["customer"]
AT = generated_shop.NOW - 1000


class TwoItems:
    """A transport that always answers with two items, of which a row may have one."""

    def predict(self, signature, inputs):
        size = len(next(iter(inputs.values())))
        ids = [[SKU, ITEMS[1]["sku"]], [SKU, ""]]
        return Prediction(
            {
                "item_ids": [ids[row % 2] for row in range(size)],
                "titles": [["a", "b"]] * size,
                "scores": [[2.0, 1.0]] * size,
                "known_user": [True] * size,
            },
            7,
        )

    def close(self):
        pass


def shop(old="", new=""):
    return generated_shop.shop(**({old: new} if old else {}))


@pytest.fixture
def log(tmp_path):
    return RequestLog(tmp_path / "log", shop())


def client(log):
    return RecommenderClient(TwoItems(), definition=shop(), log=log)


def logged(tmp_path, table):
    folder = tmp_path / "log" / table
    return [row for path in folder.iterdir() for row in pa.parquet.read_table(path).to_pylist()]


def test_every_item_of_an_answer_is_a_row(tmp_path, log):
    first, second = client(log).for_users(["ann", "bob"], k=2)
    log.close()
    rows = logged(tmp_path, "impressions")
    assert [(row["request_id"], row["user_id"], row["position"]) for row in rows] == [
        (first.request_id, "ann", 1),
        (first.request_id, "ann", 2),
        (second.request_id, "bob", 1),
    ]
    assert first.request_id != second.request_id
    assert {key: rows[1][key] for key in ("item_id", "score", "known_user", "version")} == {
        "item_id": ITEMS[1]["sku"],
        "score": 1.0,
        "known_user": True,
        "version": 7,
    }


def test_histories_are_logged_with_the_name_that_the_caller_knows(tmp_path, log):
    client(log).for_history([SKU])
    client(log).recommend([SKU], user_id="carl", k=1)
    log.close()
    assert [row["user_id"] for row in logged(tmp_path, "impressions")] == ["", "", "carl"]


def test_without_a_log_an_answer_has_no_id():
    answer = RecommenderClient(TwoItems()).for_users(["ann"], k=1)[0]
    assert answer == Answer((Item(SKU, "a", 2.0),), True, 7)
    assert answer.request_id == ""


def test_feedback_is_read_as_events_of_the_next_training(tmp_path, log):
    recommender = client(log)
    answer = recommender.for_users([PERSON], k=2)[0]
    recommender.feedback(answer, PERSON, SKU, {"type": "purchase", "stars": 4}, at=AT)
    recommender.feedback(None, PERSON, ITEMS[1]["sku"], at=AT + 1)
    log.close()
    rows = logged(tmp_path, "events")
    assert [row["request_id"] for row in rows] == [answer.request_id, ""]

    folder = generated_shop.write_shop(tmp_path / "data", "parquet")
    (folder / "events").mkdir()
    (folder / "events.parquet").rename(folder / "events" / "before.parquet")
    for path in (tmp_path / "log" / "events").iterdir():
        shutil.copy(path, folder / "events" / f"with_log-{path.name}")
    found = tables.read(folder, shop(), generated_shop.NOW)
    assert found.events.num_rows == len(EVENTS) + 2
    purchase, other = found.events.slice(len(EVENTS)).to_pylist()
    assert purchase["time"] == AT and other["time"] == AT + 1
    assert purchase["stars"] == 4 and other["stars"] is None


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        ("unit: ms", "unit: s", AT),
        ("unit: ms", "unit: us", AT * 10**6),
        ("unit: ms", "unit: iso", "2023-11-14T21:56:40+00:00"),
    ],
)
def test_times_are_in_the_unit_of_the_definition(tmp_path, old, new, column):
    with RequestLog(tmp_path / "log", shop(old, new)) as log:
        log.event("", PERSON, SKU, {}, AT, 1.0)
    assert [row["ts"] for row in logged(tmp_path, "events")] == [column]


def test_columns_are_those_of_the_definition():
    definition = shop("type: {kind: category}", "type: {kind: category, column: action}")
    assert events_schema(definition).names == [
        "customer",
        "sku",
        "ts",
        "action",
        "stars",
        "request_id",
    ]


def test_a_weight_is_logged_where_there_is_one(tmp_path):
    weighted = shop("time: {column: ts, unit: ms}", "time: {column: ts, unit: ms}\n  weight: much")
    with RequestLog(tmp_path / "log", weighted) as log:
        log.event("", PERSON, SKU, {}, AT, 2.5)
    assert [row["much"] for row in logged(tmp_path, "events")] == [2.5]


def test_a_column_that_is_named_as_the_logs_own_is_refused(tmp_path):
    definition = shop("type: {kind: category}", "request_id: {kind: category}")
    with pytest.raises(ValueError, match="has a column 'request_id', which the log itself has"):
        RequestLog(tmp_path, definition)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"user_id": ""}, "user id of an event is a text and not empty, got ''"),
        ({"item_id": 7}, "item id of an event is a text and not empty, got 7"),
        ({"features": {"typ": "cart"}}, "no feature 'typ'.*Did you mean 'type'"),
        ({"features": {"stars": "4"}}, "stars is a number, got '4'"),
        ({"at": AT * 1000}, "divide milliseconds by 1000"),
        ({"weight": 0.0}, "above 0, got 0.0"),
        ({"weight": math.nan}, "above 0, got nan"),
    ],
)
def test_wrong_feedback_is_refused(tmp_path, log, arguments, message):
    sound = {"answer": None, "user_id": PERSON, "item_id": SKU}
    with pytest.raises(ValueError, match=message):
        client(log).feedback(**(sound | arguments))
    log.close()
    assert logged(tmp_path, "events") == []


def test_feedback_without_a_log_is_refused():
    with pytest.raises(ValueError, match="made with a log"):
        RecommenderClient(TwoItems()).feedback(None, PERSON, SKU)
