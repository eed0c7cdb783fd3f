import pytest

from trainer.config import ModelConfig


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("embedding_dim", 0),
        ("window", 0),
        ("heads", 3),
        ("batch_size", -1),
        ("epochs", 0),
        ("dropout", 1.0),
        ("id_dropout", -0.1),
        ("history", "sum"),
        ("loss", "hinge"),
        ("optimizer", "sgd"),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("learning_rate", float("inf")),
        ("schedule", "linear"),
        ("temperature", 0.0),
        ("patience", -1),
        ("uniform_negatives", -1),
        ("full_softmax_up_to", -1),
    ],
)
def test_impossible_value_is_named(field, value):
    with pytest.raises(ValueError, match=f"(?s){field}.*{value}"):
        ModelConfig(**{field: value})


def test_unknown_field_is_refused():
    with pytest.raises(ValueError, match=r"(?s)learning_rat\n.*Unexpected keyword"):
        ModelConfig(learning_rat=0.1)


def test_a_cosine_has_no_bias():
    with pytest.raises(ValueError, match=r"normalized.*item_bias"):
        ModelConfig(normalized=True)
    ModelConfig(normalized=True, item_bias=False)


@pytest.mark.parametrize("loss", ["auto", "retrieval"])
def test_a_sample_has_negatives(loss):
    none = {"batch_size": 1, "uniform_negatives": 0}
    with pytest.raises(ValueError, match=r"uniform_negatives must be above 0.*batch_size"):
        ModelConfig(loss=loss, **none)
    for other in ("full_softmax", "sampled_softmax"):
        ModelConfig(loss=other, **none)


@pytest.mark.parametrize(
    ("loss", "items", "samples"),
    [
        ("auto", 100, False),
        ("auto", 101, True),
        ("full_softmax", 101, False),
        ("retrieval", 1, True),
        ("sampled_softmax", 1, True),
    ],
)
def test_which_loss(loss, items, samples):
    assert ModelConfig(loss=loss, full_softmax_up_to=100).samples(items) is samples


@pytest.mark.parametrize(
    "settings", [{"history": "none"}, {"order": "shuffled"}], ids=["no-history", "no-order"]
)
@pytest.mark.parametrize("field", ["gaps", "request_time"])
def test_time_needs_a_history_in_order(field, settings):
    with pytest.raises(ValueError, match=f"{field} must be false where"):
        ModelConfig(**{field: True}, **settings)
