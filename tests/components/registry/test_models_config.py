import pytest

from components.registry import models_config


@pytest.fixture
def base(tmp_path):
    return str(tmp_path / "movielens")


def test_no_configuration_has_no_labels(base):
    assert models_config.labels(base) == {}
    assert models_config.loaded(base) == []


def test_written_configuration_is_read_back(base):
    models_config.write(base, {3, 1}, {"stable": 1, "canary": 3})
    assert models_config.labels(base) == {"stable": 1, "canary": 3}
    assert models_config.loaded(base) == [1, 3]
    models_config.write(base, {3}, {"stable": 3})
    assert models_config.labels(base) == {"stable": 3}
    assert models_config.loaded(base) == [3]


def test_text_is_what_tensorflow_serving_documents(base, tmp_path):
    models_config.write(base, {1}, {"stable": 1}, seen_as="/models/movielens")
    words = (tmp_path / "models.config").read_text().split()
    assert " ".join(words) == (
        "model_config_list { config { "
        'name: "movielens" base_path: "/models/movielens" model_platform: "tensorflow" '
        "model_version_policy { specific { versions: 1 } } "
        'version_labels { key: "stable" value: 1 } } }'
    )


def test_other_models_and_the_path_of_the_server_stay(base, tmp_path):
    other = 'config { name: "other" base_path: "/models/other" }'
    ours = 'config { name: "movielens" base_path: "/models/movielens" }'
    (tmp_path / "models.config").write_text(f"model_config_list {{ {other} {ours} }}")
    models_config.write(base, {1}, {"stable": 1})
    text = (tmp_path / "models.config").read_text()
    assert 'name: "other"' in text
    assert 'base_path: "/models/movielens"' in text
    assert text.count("config {") == 2


def test_broken_configuration_is_named(base, tmp_path):
    (tmp_path / "models.config").write_text("model_config_list { nonsense: 1 }")
    with pytest.raises(ValueError, match=r"models\.config is not a configuration of TensorFlow"):
        models_config.labels(base)
