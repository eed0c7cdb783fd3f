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
        ("patience", -1),
    ],
)
def test_impossible_value_is_named(field, value):
    with pytest.raises(ValueError, match=f"{field}.*{value}"):
        ModelConfig(**{field: value})


def test_unknown_field_is_refused():
    with pytest.raises(TypeError, match="learning_rat"):
        ModelConfig(learning_rat=0.1)
