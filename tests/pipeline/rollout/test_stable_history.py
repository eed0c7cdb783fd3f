import pytest

from pipeline.rollout import stable_history


@pytest.mark.parametrize(
    ("history", "now", "before"),
    [
        ([1, 2, 3], 3, [1, 2]),
        ([1, 3, 2, 3], 3, [1, 2]),
        ([1, 2, 3], 2, [1]),
        ([1, 2], 1, []),
        ([1, 2], 9, [1, 2]),
        ([1, 2], None, [1, 2]),
        ([], 1, []),
    ],
    ids=["usual", "again", "killed-promotion", "killed-first", "unknown", "gone", "none"],
)
def test_before(history, now, before):
    assert stable_history.before(history, now) == before


def test_without_a_label_each_version_was_the_newest_once(base):
    stable_history.write(str(base), [3, 3, 1, 7])
    assert stable_history.read(str(base), labelled=True) == [3, 1]
    assert stable_history.read(str(base), labelled=False) == [1, 2, 3]
    assert stable_history.written(str(base)) == [3, 1, 7]
