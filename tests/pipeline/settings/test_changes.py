import pytest

from pipeline import presets
from pipeline.config import Settings
from pipeline.settings import changes
from pipeline.settings.errors import ConfigurationError


def test_settings_are_changed_by_their_type():
    texts = [
        "model.epochs=3",
        "model.user_features=false",
        "gates.min_lift=0.01",
        "split.method=random",
    ]
    found = changes.apply(Settings(), changes.parse([*texts, "serving.trend.weight=8"]))
    assert (found.model.epochs, found.model.user_features) == (3, False)
    assert found.gates.min_lift == 0.01
    assert found.split.method == "random"
    assert (found.serving.trend.weight, found.serving.trend.days) == (8.0, 30)


def test_a_later_text_wins():
    assert changes.parse(["model.epochs=3", "model.epochs=4"]) == {"model": {"epochs": 4}}


def test_settings_that_need_each_other_are_checked_together():
    cuts = ["split.method=temporal", "split.eval_cut=880000000", "split.test_cut=890000000"]
    texts = [*cuts, "model.embedding_dim=33", "model.heads=3"]
    found = changes.apply(Settings(), changes.parse(texts))
    assert (found.split.eval_cut, found.split.test_cut) == (880_000_000, 890_000_000)
    assert isinstance(found.split.eval_cut, int)
    assert (found.model.embedding_dim, found.model.heads) == (33, 3)


def test_a_cut_can_be_taken_back():
    cuts = ["split.method=temporal", "split.eval_cut=8", "split.test_cut=9"]
    start = changes.apply(Settings(), changes.parse(cuts))
    none = changes.parse(["split.eval_cut=none", "split.test_cut=none"])
    assert changes.apply(start, none).split.eval_cut is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epochs=3", "no setting 'epochs'; did you mean 'model.epochs'? `movielens settings`"),
        ("model.epochs", "must look like SECTION.NAME=VALUE"),
        ("beam.workers=3", "There is no setting 'beam.workers'. `movielens settings` lists"),
        ("model=3", "There is no setting 'model'"),
        ("model.epoch=3", "no setting 'model.epoch'; did you mean 'model.epochs'?"),
        ("serving.trend_weight=8", "did you mean 'serving.trend.weight'?"),
        ("model.epochs=many", "model.epochs must be an integer >= 1, got 'many'"),
        ("model.epochs=", "model.epochs must be an integer >= 1, got ''"),
        ("model.epochs=1.5", "model.epochs must be an integer >= 1, got '1.5'"),
        ("model.epochs=none", "model.epochs must be an integer >= 1, got 'none'"),
        ("model.user_features=1", "model.user_features must be true or false, got '1'"),
        ("model.epochs=0", "model.epochs must be an integer >= 1, got 0"),
        (
            "model.history=sum",
            "model.history must be one of none, mean, attention, hstu, got 'sum'",
        ),
        ("model.temperature=nan", "model.temperature must be a number > 0, got nan"),
        ("model.normalized=true", "model: normalized must be false where item_bias is true"),
    ],
)
def test_bad_text_says_what_is_right(text, message):
    with pytest.raises(ConfigurationError) as refused:
        presets.with_settings(presets.find("ml-100k"), [text])
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", presets.names())
def test_texts_undo_every_difference(name):
    settings = presets.find(name).settings
    texts = [
        text
        for section in ("split", "model", "gates", "serving", "notify")
        for text in changes.texts(settings, Settings(), section)
    ]
    assert changes.apply(Settings(), changes.parse(texts)) == settings
