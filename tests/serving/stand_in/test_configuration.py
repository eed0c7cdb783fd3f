import pytest

from components.registry import models_config
from serving.stand_in.configuration import ConfigurationError, Model, VersionPolicy, parse, read

ENTRY = 'name: "a" base_path: "/a" model_platform: "tensorflow"'


def config(*entries):
    return "model_config_list { " + " ".join(f"config {{ {entry} }}" for entry in entries) + " }"


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("", VersionPolicy()),
        ("model_version_policy { latest { num_versions: 3 } }", VersionPolicy(latest=3)),
        ("model_version_policy { all {} }", VersionPolicy(all=True)),
        (
            "model_version_policy { specific { versions: 7 versions: 9 } }",
            VersionPolicy(specific=frozenset({7, 9})),
        ),
    ],
)
def test_policies(policy, expected):
    (model,) = parse(config(f"{ENTRY} {policy}"))
    assert model.policy == expected


def test_labels():
    (model,) = parse(config(f'{ENTRY} version_labels {{ key: "stable" value: 7 }}'))
    assert model.labels == {"stable": 7}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model_config_list { config {", "Error parsing text-format"),
        ("nonsense: 1", "Error parsing text-format"),
        ("custom_model_config {}", "custom_model_config is not supported"),
        (config(ENTRY, ENTRY), "Illegal to list model a multiple times"),
        (config('base_path: "/a"'), "needs a name"),
        (config('name: "a" base_path: "models/a"'), "to have an absolute path"),
        (config('name: "a" base_path: "/a" model_platform: "caffe"'), "only tensorflow"),
        (config(f"{ENTRY} model_version_policy {{ specific {{}} }}"), "names no version"),
        (
            config(f"{ENTRY} model_version_policy {{ latest {{ num_versions: 0 }} }}"),
            "must be at least 1, got 0",
        ),
    ],
)
def test_refusals(text, message):
    with pytest.raises(ConfigurationError, match=message):
        parse(text)


def test_the_file_is_named(tmp_path):
    path = tmp_path / "models.config"
    with pytest.raises(ConfigurationError, match=r"models\.config"):
        read(str(path))
    path.write_bytes(b"\xff")
    with pytest.raises(ConfigurationError, match=r"models\.config"):
        read(str(path))


@pytest.mark.parametrize("folder", ["plain", 'a "b"', "back\\slash", "two words", "für 映画"])
def test_what_the_pipeline_writes_is_read(tmp_path, folder):
    base = tmp_path / folder / "movielens"
    base.parent.mkdir()
    models_config.write_newest(str(base))
    assert read(str(base.parent / "models.config")) == (Model("movielens", str(base)),)
