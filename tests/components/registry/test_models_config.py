import concurrent.futures
import shutil

import pytest
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

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
    comment, _, text = (tmp_path / "models.config").read_text().partition("\n")
    assert comment == f'# movielens, schema 1, written in "{tmp_path}"'
    assert " ".join(text.split()) == (
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


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("serving", "movielens"),
        ('say "when"', 'movie"lens'),
        ("back\\slash", "movie\\lens"),
        ("two words", "movie lens"),
        ("Filme für Ödön 映画", "films à voir"),
    ],
    ids=["plain", "quote", "backslash", "blank", "non-ascii"],
)
def test_newest_is_served_from_any_folder(tmp_path, folder, name):
    base = tmp_path / folder / name
    base.mkdir(parents=True)
    models_config.write_newest(str(base))
    text = (base.parent / "models.config").read_text()
    config = text_format.Parse(text, model_server_config_pb2.ModelServerConfig())
    (model,) = config.model_config_list.config
    assert (model.name, model.base_path, model.model_platform) == (name, str(base), "tensorflow")
    assert not model.HasField("model_version_policy")
    assert models_config.labels(str(base)) == {}
    models_config.write(str(base), {2}, {"stable": 2})
    assert models_config.loaded(str(base)) == [2]
    assert {path.name for path in base.parent.iterdir()} == {name, "models.config"}


def test_configuration_that_is_there_stays(base, tmp_path):
    text = 'model_config_list { config { name: "other" base_path: "/other" } } # of somebody else'
    (tmp_path / "models.config").write_text(text)
    models_config.write_newest(base)
    assert (tmp_path / "models.config").read_text() == text


def test_interrupted_write_leaves_the_old_file(base, tmp_path, monkeypatch):
    models_config.write(base, {1}, {"stable": 1})

    def fails(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(models_config.fileio, "rename", fails)
    with pytest.raises(KeyboardInterrupt):
        models_config.write(base, {2}, {"stable": 2})
    assert models_config.labels(base) == {"stable": 1}


def test_two_writers_at_once_leave_a_whole_file(base, tmp_path):
    def write(version):
        models_config.write(base, {version}, {"stable": version})

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(1, 65)))
    (version,) = models_config.loaded(base)
    assert models_config.labels(base) == {"stable": version}
    assert [path.name for path in tmp_path.iterdir()] == ["models.config"]


def read(path):
    return text_format.Parse(path.read_text(), model_server_config_pb2.ModelServerConfig())


@pytest.mark.parametrize("older", [False, True], ids=["with-origin", "without"])
@pytest.mark.parametrize("promoted", [False, True], ids=["served", "promoted"])
def test_copied_configuration_names_the_copy(tmp_path, older, promoted):
    base = tmp_path / "a" / 'say "x"' / "movielens"
    base.mkdir(parents=True)
    models_config.write(str(base), {1}, {"stable": 1})
    config = base.parent / "models.config"
    if older:
        config.write_text(config.read_text().partition("\n")[2])
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    copied = tmp_path / "b" / 'say "x"' / "movielens"
    if promoted:
        models_config.write(str(copied), {2}, {"stable": 2})
    else:
        models_config.write_newest(str(copied))
    (model,) = read(copied.parent / "models.config").model_config_list.config
    assert model.base_path == str(copied)
    assert dict(model.version_labels) == {"stable": 2 if promoted else 1}
    (model,) = read(config).model_config_list.config
    assert model.base_path == str(base)


def test_moved_configuration_keeps_the_path_that_the_server_sees(tmp_path):
    (tmp_path / "a" / "movielens").mkdir(parents=True)
    models_config.write(str(tmp_path / "a" / "movielens"), {1}, {}, seen_as="/models/movielens")
    (tmp_path / "a").rename(tmp_path / "b")
    models_config.write_newest(str(tmp_path / "b" / "movielens"))
    (model,) = read(tmp_path / "b" / "models.config").model_config_list.config
    assert model.base_path == "/models/movielens"


def test_comments_of_later_revisions_are_read(base, tmp_path):
    models_config.write(base, {1}, {"stable": 1})
    path = tmp_path / "models.config"
    path.write_text("# who promoted: x\n" + path.read_text().replace("\n", ", by x\n# more\n", 1))
    assert models_config.labels(base) == {"stable": 1}


def test_a_later_schema_is_refused(base, tmp_path):
    models_config.write(base, {1}, {"stable": 1})
    path = tmp_path / "models.config"
    path.write_text(path.read_text().replace("schema 1", "schema 2"))
    with pytest.raises(ValueError, match=r"models.config has schema 2, .* up to 1: .* Upgrade"):
        models_config.labels(base)


def test_no_version_means_the_newest(base, tmp_path):
    models_config.write(base, {1}, {"stable": 1})
    models_config.write(base, set(), {})
    (model,) = read(tmp_path / "models.config").model_config_list.config
    assert not model.HasField("model_version_policy")


def test_full_disk_leaves_no_temporary_file(base, tmp_path, monkeypatch):
    models_config.write(base, {1}, {"stable": 1})
    monkeypatch.setattr(models_config.fileio, "rename", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        models_config.write(base, {2}, {"stable": 2})
    assert [path.name for path in tmp_path.iterdir()] == ["models.config"]


def test_what_a_killed_write_left_is_removed(base, tmp_path):
    models_config.write(base, {1}, {"stable": 1})
    for name in (f"models.config.{'0f' * 16}.tmp", "models.config.mine.tmp"):
        (tmp_path / name).write_text("half")
    models_config.remove_temporaries(models_config.path_of(base))
    assert {path.name for path in tmp_path.iterdir()} == {"models.config", "models.config.mine.tmp"}
