import pytest
import tensorflow as tf

from trainer.data.timelines import USER_FEATURES, learn_labels, read_timelines


def test_empty_split_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="the split is empty"):
        read_timelines([str(tmp_path / "*")], dict.fromkeys(USER_FEATURES))


def test_what_was_held_out_joins_the_history_in_time_order(tmp_path):
    rows = {  # of user 1: movie 4 and then, later in the data but earlier in time, 3 and 9
        1: {"movie_id": [4], "timestamp": [50], "rating": [4.0]},
        0: {"movie_id": [1, 2], "timestamp": [10, 30], "rating": [1.0, 2.0]},
    }
    labels = {
        1: {"label_movie_id": [3, 9], "label_timestamp": [40, 45], "label_rating": [3.0, 5.0]},
        0: {"label_movie_id": [5], "label_timestamp": [30], "label_rating": [2.5]},
    }
    with tf.io.TFRecordWriter(str(tmp_path / "eval.gz"), "GZIP") as file:
        for user, columns in rows.items():
            example = tf.train.Example()
            users = {name: [user] for name in USER_FEATURES}
            for name, values in (columns | labels[user] | users).items():
                kind = "float_list" if "rating" in name else "int64_list"
                getattr(example.features.feature[name], kind).value.extend(values)
            file.write(example.SerializeToString())
    spec = dict.fromkeys(USER_FEATURES, tf.io.FixedLenFeature([], tf.int64))
    files = [str(tmp_path / "*")]
    plain = read_timelines(files, spec)
    assert (plain.history.tolist(), plain.label.tolist()) == ([1, 2, 4], [5, 3, 9])
    joined = learn_labels(plain, movies=9)  # so that 9 is not in the vocabulary
    assert joined.history.tolist() == [1, 2, 5, 3, 4]
    assert joined.history_splits.tolist() == [0, 3, 5]
    assert joined.rating.tolist() == [1, 2, 2.5, 3, 4]
    assert joined.timestamp.tolist() == [10, 30, 30, 40, 50]
    assert len(joined.label) == 0 and joined.label_splits.tolist() == [0, 0, 0]
    assert len(joined.label_rating) == len(joined.label_timestamp) == 0
    assert (joined.history.dtype, joined.rating.dtype) == (plain.history.dtype, plain.rating.dtype)
