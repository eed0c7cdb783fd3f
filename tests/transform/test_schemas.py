import pytest

from transform import features, schemas


@pytest.mark.parametrize(
    ("record", "names"),
    [(schemas.TIMELINES, features.TIMELINE), (schemas.MOVIES, features.CANDIDATE)],
    ids=["timelines", "movies"],
)
def test_schema_holds_exactly_the_features_of_its_record(record, names):
    assert [feature.name for feature in schemas.load(record).feature] == list(names)


def test_unknown_record_is_refused():
    with pytest.raises(FileNotFoundError):
        schemas.load("tags")
