"""The file of --config: every mistake that it can hold is named with file and key."""

import pytest

from pipeline.presets import run_file
from pipeline.settings.errors import ConfigurationError


def read(folder, text):
    path = folder / "run.yaml"
    path.write_text(text)
    return run_file.read(path)


def test_it_may_say_little(tmp_path):
    assert read(tmp_path, "preset: ml-1m") == run_file.RunFile(preset="ml-1m")


def test_a_date_needs_no_quotes(tmp_path):
    assert read(tmp_path, "data: '/d/{YYYY}-{MM}-{DD}'\nspan: 2026-01-31").span == "2026-01-31"
    assert read(tmp_path, "data: '/d/{SPAN}'\nspan: 7").span == "7"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must be a mapping"),
        ("- model", "must be a mapping"),
        ("model: [", "is not YAML"),
        ("span: 7\nspan: 8", "'span' is there twice"),
        ("modle: {epochs: 3}", "modle: there is no such setting; did you mean 'model'?"),
        ("epochs: 3", "epochs: there is no such setting"),
        ("preset: ml-1M", "Unknown preset 'ml-1M'"),
        ("preset: 1", "preset must be a text or none, got 1"),
        ("data: '/d/{span}'", "{span} means nothing"),
        ("span: 2026-02-31", "span must be a number, a date"),
        ("span: true", "span must be a text, got True"),
        ("withdraw: 50", "withdraw: Input should be a valid array, got 50"),
        ("withdraw: [050]", "withdraw.0: Input should be a valid string, got 40"),
        ("withdraw: ['']", "withdraw.0: String should have at least 1 character"),
        ("model: 3", "model: Input should be an object, got 3"),
        ("model: {epoch: 3}", "model.epoch: there is no such setting; did you mean 'model.epochs'"),
        ("model: {epochs: many}", "model.epochs must be an integer >= 1, got 'many'"),
        ("model: {epochs: 3.5}", "model.epochs must be an integer >= 1, got 3.5"),
        ("model: {refit: 1}", "model.refit must be true or false, got 1"),
        ("model: {learning_rate: .inf}", "model.learning_rate must be a number > 0, got inf"),
        ("model: {heads: 3}", "model: heads must divide embedding_dim, got 3 and 64"),
        ("gates: {min_recall: 95}", "gates.min_recall must be a number in [0, 1], got 95"),
        ("split: {eval_cut: x}", "split.eval_cut must be an integer or none, got 'x'"),
        ("serving: {trend: 8}", "serving.trend: Input should be an object, got 8"),
        ("serving: {trend_weight: 8}", "did you mean 'serving.trend.weight'?"),
        ("serving: {trend: {days: 0}}", "serving.trend.days must be an integer >= 1, got 0"),
    ],
)
def test_mistake_is_named_with_file_and_key(tmp_path, text, message):
    with pytest.raises(ConfigurationError) as refused:
        read(tmp_path, text)
    assert str(refused.value).startswith(str(tmp_path / "run.yaml"))
    assert message in str(refused.value)


def test_all_mistakes_are_named_at_once(tmp_path):
    with pytest.raises(ConfigurationError) as refused:
        read(tmp_path, "model: {epochs: 0, dropout: 1}\ngates: {max_drop: -1}")
    assert sorted(str(refused.value).splitlines()[1:]) == [
        "  gates.max_drop must be a number in [0, 1], got -1.",
        "  model.dropout must be a number in [0, 1), got 1.",
        "  model.epochs must be an integer >= 1, got 0.",
    ]
