"""A bundle asked in this process: six items and four users, see `support.tiny_bundle`."""

import pytest

from pipeline.inference import pushed_bundle
from pipeline.inference.pushed_bundle import PushedBundle
from serving.client.transport import RequestRefused, Transport


@pytest.fixture(scope="module")
def bundle(tiny, tmp_path_factory):
    return PushedBundle(str(tiny.save(tmp_path_factory.mktemp("bundle") / "7")))


def test_it_is_a_transport_like_any_other(bundle):
    transport: Transport = bundle
    prediction = transport.predict("similar", {"item_id": ["0", "1"]})
    assert prediction.outputs["item_ids"].shape[0] == 2
    assert all(isinstance(title, str) for title in prediction.outputs["titles"].ravel())
    assert prediction.version is None


def test_a_known_user_and_an_unknown_one(bundle):
    known, unknown = bundle.for_user("10", 2), bundle.for_user("nobody", 2)
    assert known.known_user and not unknown.known_user
    assert [item.item_id for item in known.items] == ["4", "1"]
    item_id, title, score = known.items[0]
    assert (item_id, title) == ("4", "Item 4")
    assert score == pytest.approx(1.04)
    assert len(unknown.items) == 2


def test_any_user_is_known_by_id(bundle, tiny):
    assert bundle.any_user() in {"1", "2", "9", "10"}


def test_a_history_is_left_out_of_its_answer(bundle):
    answer = bundle.for_history(["0", "1"], 4)
    assert answer.known_user
    assert not {"0", "1"} & {item.item_id for item in answer.items}


def test_similar_items(bundle):
    nearest = bundle.similar("0", 2)
    assert [item.item_id for item in nearest] == ["2", "4"]
    assert nearest[0].score == pytest.approx(1)
    assert bundle.similar("no such item", 2) == ()


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("3", ["3"]),
        ("Item 3", ["3"]),
        (" item 3 ", ["3"]),
        ("item", ["0", "1", "2", "3", "4", "5"]),
        ("no such item", []),
    ],
    ids=["id", "title", "case-and-blanks", "part-of-a-title", "nothing"],
)
def test_items_by_id_or_title(bundle, text, ids):
    assert sorted(item_id for item_id, _ in bundle.items_called(text)) == ids


def test_an_id_is_told_by_case_and_a_title_is_not(bundle, monkeypatch):
    import tensorflow as tf

    monkeypatch.setattr(bundle._bundle.answers, "item_id", tf.constant(["SKU-1", "sku-1", "007"]))
    titles = tf.constant(["Red shoe", "Blue Shoe", "Shoe"])
    monkeypatch.setattr(bundle._bundle.answers, "title", titles)
    called = {text: bundle.items_called(text) for text in ("SKU-1", "sku-1", "007", "7", "BLUE")}
    assert {text: [item_id for item_id, _ in items] for text, items in called.items()} == {
        **{"SKU-1": ["SKU-1"], "sku-1": ["sku-1"], "007": ["007"], "7": [], "BLUE": ["sku-1"]}
    }


def test_its_definition_has_the_words_for_people(bundle):
    assert bundle.definition.item.noun == "movie"


def test_items_that_the_catalogue_lacks(bundle):
    assert bundle.unknown_items(["1", "x", "2", ""]) == ["x", ""]


def test_filters_and_what_is_wrong_with_them(bundle):
    answer = bundle.for_user("10", 4, require=["genres=Odd"], forbid=["year<20"])
    assert [item.item_id for item in answer.items] == ["3", "5"]
    assert answer.filtered == 4
    assert bundle.for_history(["0"], 4, forbid=["genres=Odd", "genres=Even"]).items == ()
    with pytest.raises(RequestRefused, match=r"^Items have no feature of this name.*colour=red$"):
        bundle.for_user("10", 4, require=["colour=red"])
    with pytest.raises(RequestRefused, match="no signature unheard_of"):
        bundle.predict("unheard_of", {})


def test_a_bundle_that_knows_no_filters_says_why():
    with pytest.raises(RequestRefused, match="No feature is marked"):
        pushed_bundle.ask({}, "recommend_user_filtered", {})
