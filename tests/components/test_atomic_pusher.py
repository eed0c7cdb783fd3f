import errno
import pathlib

import pytest
from tfx import v1 as tfx
from tfx.types import standard_artifacts
from tfx.utils import io_utils, path_utils, proto_utils

from components import registry
from components.atomic_pusher import Executor, place


@pytest.fixture
def push(tmp_path):
    """Pushes a tiny bundle, and returns the artifact that says so."""

    def run(blessed=True, canary=True):
        model = standard_artifacts.Model()
        model.uri = str(tmp_path / "model")
        folder = pathlib.Path(path_utils.serving_model_dir(model.uri))
        (folder / "variables").mkdir(parents=True, exist_ok=True)
        (folder / "saved_model.pb").write_text("graph")
        (folder / "variables" / "variables.index").write_text("numbers")
        blessing = standard_artifacts.ModelBlessing()
        blessing.set_int_custom_property("blessed", int(blessed))
        infra = standard_artifacts.InfraBlessing()
        infra.set_int_custom_property("blessed", int(canary))
        pushed = standard_artifacts.PushedModel()
        pushed.uri = str(tmp_path / "pushed")
        destination = tfx.proto.PushDestination(
            filesystem=tfx.proto.PushDestination.Filesystem(base_directory=str(tmp_path / "base"))
        )
        Executor().Do(
            {"model": [model], "model_blessing": [blessing], "infra_blessing": [infra]},
            {"pushed_model": [pushed]},
            {"push_destination": proto_utils.proto_to_json(destination)},
        )
        return pushed

    return run


def test_blessed_bundle_appears_whole(push, tmp_path):
    pushed = push()
    (version,) = registry.versions(str(tmp_path / "base"))
    folder = tmp_path / "base" / str(version)
    assert (folder / "variables" / "variables.index").read_text() == "numbers"
    assert pushed.get_string_custom_property("pushed_destination") == str(folder)
    assert [path.name for path in (tmp_path / "base").iterdir()] == [str(version)]


@pytest.mark.parametrize(
    ("blessed", "canary"), [(False, True), (True, False)], ids=["evaluator", "canary"]
)
def test_unblessed_bundle_is_not_pushed(push, tmp_path, blessed, canary):
    pushed = push(blessed, canary)
    assert pushed.get_int_custom_property("pushed") == 0
    assert registry.versions(str(tmp_path / "base")) == []


def test_full_disk_leaves_nothing_behind(push, tmp_path, monkeypatch):
    def copy_file(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(io_utils, "copy_file", copy_file)
    with pytest.raises(OSError, match="No space left"):
        push()
    assert list((tmp_path / "base").iterdir()) == []


def test_version_that_exists_is_never_overwritten(tmp_path):
    for name in ("staged", "final"):
        (tmp_path / name).mkdir()
    with pytest.raises(FileExistsError, match="run again"):
        place(str(tmp_path / "staged"), str(tmp_path / "final"))
