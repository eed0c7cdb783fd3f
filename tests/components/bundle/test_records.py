import gzip

import numpy as np
import pytest
import tensorflow as tf

from components.bundle import records
from transform import queries


def write(path, examples):
    with tf.io.TFRecordWriter(str(path), "GZIP") as writer:
        for example in examples:
            writer.write(example)


def test_items_are_read_in_order_of_their_ids(tiny, tmp_path):
    write(tmp_path / "b.gz", [tiny.item("9"), tiny.item("10", "Ten")])
    write(tmp_path / "a.gz", [tiny.item("2")])
    items = records.read_items([str(tmp_path / "*.gz")])
    assert items.item_id.tolist() == [b"10", b"2", b"9"]
    assert items.title.tolist() == [b"Ten", b"Item 2", b"Item 9"]
    assert items.positions(np.array([b"9", b"10"], object)).tolist() == [2, 0]


def test_no_record(tmp_path):
    with gzip.open(tmp_path / "empty.gz", "wb"):
        pass
    with pytest.raises(ValueError, match=r"No records in .*empty\.gz"):
        records.read_examples([str(tmp_path / "empty.gz")])


@pytest.mark.parametrize(
    ("withdrawn", "message"),
    [({b"9"}, "Can't withdraw item '9'"), ({b"0", b"1"}, "Can't withdraw every item")],
    ids=["unknown", "all"],
)
def test_what_can_not_be_withdrawn(tiny, withdrawn, message):
    with pytest.raises(ValueError, match=message):
        tiny.catalogue(2).without(frozenset(withdrawn))


def test_withdrawn_items_have_no_position(tiny):
    items = tiny.catalogue(3).without(frozenset({b"1"}))
    assert items.positions(np.array([b"2", b"1", b"0"], object)).tolist() == [1, -1, 0]
    assert items.title.tolist() == [b"Item 0", b"Item 2"]


def test_queries_are_padded_and_the_unknown_is_marked(tiny):
    query = queries.parse(
        tf.constant([tiny.timeline("1", ["4", "2"], age=20), tiny.timeline("2")]), tiny.DEFINITION
    )
    assert query["item_id"].numpy().tolist() == [[b"4", b"2"], [b"", b""]]
    assert query["age"].numpy()[0] == 20
    assert np.isnan(query["age"].numpy()[1])
    assert query["zip"].numpy().tolist() == [b"", b""]


def test_labels_join_the_history_in_time_order(tiny):
    example = tf.train.Example.FromString(tiny.timeline("1", ["0", "2"], ["4"], first=10))
    example.features.feature["label_time"].int64_list.value[:] = [10]  # between the two
    (joined,) = records.with_labels_as_history(
        np.array([example.SerializeToString()], object), tiny.DEFINITION
    )
    feature = tf.train.Example.FromString(joined).features.feature
    assert list(feature["item_id"].bytes_list.value) == [b"0", b"4", b"2"]
    assert list(feature["time"].int64_list.value) == [10, 10, 11]
    assert "label_item_id" not in feature
    assert records.times(np.array([joined], object)).tolist() == [10, 10, 11]
    apart = np.array([example.SerializeToString()], object)
    assert records.times(apart).tolist() == [10, 11, 10]
