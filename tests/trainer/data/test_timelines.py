import pytest
import tensorflow as tf

from support.checkerboard import DEFINITION, USER_FEATURES
from trainer.data.timelines import learn_labels, read_timelines


def test_empty_split_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="the split is empty"):
        read_timelines([str(tmp_path / "*")], {}, DEFINITION)


def test_what_was_held_out_joins_the_history_in_time_order(tmp_path):
    rows = {  # of user 1: item 4 and then, later in the data but earlier in time, 3 and 9
        1: {"item_id": [4], "time": [50], "rating": [8]},
        0: {"item_id": [1, 2], "time": [10, 30], "rating": [2, 4]},
    }
    labels = {
        1: {"label_item_id": [3, 9], "label_time": [40, 45], "label_rating": [6, 10]},
        0: {"label_item_id": [5], "label_time": [30], "label_rating": [5]},
    }
    with tf.io.TFRecordWriter(str(tmp_path / "eval.gz"), "GZIP") as file:
        for user, columns in rows.items():
            example = tf.train.Example()
            users = {name: [user] for name in USER_FEATURES}
            for name, values in (columns | labels[user] | users).items():
                example.features.feature[name].int64_list.value.extend(values)
            file.write(example.SerializeToString())
    spec = dict.fromkeys(USER_FEATURES, tf.io.FixedLenFeature([], tf.int64))
    lists = [*rows[0], *labels[0]]
    spec |= dict.fromkeys(lists, tf.io.VarLenFeature(tf.int64))
    files = [str(tmp_path / "*")]
    plain = read_timelines(files, spec, DEFINITION)
    assert (plain.history.item.tolist(), plain.label.item.tolist()) == ([1, 2, 4], [5, 3, 9])
    joined = learn_labels(plain, items=9)  # so that 9 is not in the vocabulary
    assert joined.history.item.tolist() == [1, 2, 5, 3, 4]
    assert joined.history_splits.tolist() == [0, 3, 5]
    assert joined.history.features["rating"].tolist() == [2, 4, 5, 6, 8]
    assert joined.history.time.tolist() == [10, 30, 30, 40, 50]
    assert len(joined.label) == 0 and joined.label_splits.tolist() == [0, 0, 0]
    assert len(joined.label.features["rating"]) == len(joined.label.time) == 0
    assert joined.history.item.dtype == plain.history.item.dtype
