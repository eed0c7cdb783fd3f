import concurrent.futures
import errno
import json
import os
import pathlib

import pytest
from tfx import v1 as tfx
from tfx.types import standard_artifacts
from tfx.utils import io_utils, path_utils, proto_utils

from components.bundle import manifest
from components.evaluation import reasons, results
from components.registry import models_config, pusher, signature
from components.registry import versions as registry
from components.registry.pusher import Executor, NotBlessedError
from support import signing_keys

METRICS = {"hit@10": 0.25}


@pytest.fixture
def folder(tmp_path):
    """The bundle that is to be pushed."""
    folder = pathlib.Path(path_utils.serving_model_dir(str(tmp_path / "model")))
    (folder / "variables").mkdir(parents=True)
    write_bundle(folder, "graph")
    return folder


def write_bundle(folder, graph):
    (folder / "saved_model.pb").write_text(graph)
    (folder / "variables" / "variables.index").write_text("numbers")
    described = manifest.Manifest({}, {}, {}, {}, {}, manifest.checksums(str(folder)))
    manifest.write(str(folder), described)


@pytest.fixture
def push(tmp_path, folder, monkeypatch):
    """Pushes the bundle, and returns the artifact that says so."""
    monkeypatch.setattr(results, "metrics", lambda uri: {"": METRICS})

    def run(blessed=True, canary=True, keep=5, fail=False, signing_key_file=""):
        model = standard_artifacts.Model()
        model.uri = str(tmp_path / "model")
        blessing = standard_artifacts.ModelBlessing()
        blessing.set_int_custom_property("blessed", int(blessed))
        if not blessed:
            blessing.set_string_custom_property(reasons.PROPERTY, json.dumps(["a is low", "b is"]))
        infra = standard_artifacts.InfraBlessing()
        infra.set_int_custom_property("blessed", int(canary))
        pushed = standard_artifacts.PushedModel()
        pushed.uri = str(tmp_path / "pushed")
        destination = tfx.proto.PushDestination(
            filesystem=tfx.proto.PushDestination.Filesystem(base_directory=str(tmp_path / "base"))
        )
        Executor().Do(
            {
                "model": [model],
                "model_blessing": [blessing],
                "infra_blessing": [infra],
                "evaluation": [standard_artifacts.ModelEvaluation()],
            },
            {"pushed_model": [pushed]},
            {
                "push_destination": proto_utils.proto_to_json(destination),
                "keep_versions": keep,
                "git_revision": "abc",
                "fail_if_not_blessed": int(fail),
                "configuration": '{"model": {"epochs": 7}}',
                "signing_key_file": signing_key_file,
            },
        )
        return pushed

    return run


def names(tmp_path):
    return sorted(path.name for path in (tmp_path / "base").iterdir() if path.name != ".lock")


def test_blessed_bundle_appears_whole(push, tmp_path):
    pushed = push()
    (version,) = registry.versions(str(tmp_path / "base"))
    folder = tmp_path / "base" / str(version)
    assert (folder / "variables" / "variables.index").read_text() == "numbers"
    assert pushed.get_string_custom_property("pushed_destination") == str(folder)
    assert pushed.get_string_custom_property("pushed_version") == str(version)
    assert names(tmp_path) == [str(version)]


def test_manifest_tells_of_the_push(push, tmp_path):
    folder = push().get_string_custom_property("pushed_destination")
    told = manifest.read(folder).push
    assert told["metrics"] == METRICS
    assert told["git_revision"] == "abc"
    assert manifest.read(folder).configuration == {"model": {"epochs": 7}}
    assert told["at"].endswith("+00:00")
    assert manifest.problems(folder) == []


@pytest.mark.parametrize(
    ("blessed", "canary"), [(False, True), (True, False)], ids=["evaluator", "canary"]
)
def test_unblessed_bundle_is_not_pushed(push, tmp_path, blessed, canary):
    pushed = push(blessed, canary)
    assert pushed.get_int_custom_property("pushed") == 0
    assert registry.versions(str(tmp_path / "base")) == []


def test_why_nothing_is_pushed_is_logged(push, caplog):
    push(blessed=False)
    last = caplog.records[-1].getMessage()
    assert last == "NOT BLESSED, nothing was pushed: a is low; b is"


def test_run_fails_if_it_shall(push, tmp_path):
    with pytest.raises(NotBlessedError, match="nothing was pushed: a is low; b is"):
        push(blessed=False, fail=True)
    assert registry.versions(str(tmp_path / "base")) == []
    push(fail=True)
    assert len(registry.versions(str(tmp_path / "base"))) == 1


def test_full_disk_leaves_nothing_behind(push, tmp_path, monkeypatch):
    def copy_file(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(io_utils, "copy_file", copy_file)
    with pytest.raises(OSError, match="No space left"):
        push()
    assert names(tmp_path) == []


def test_disk_that_fills_up_at_the_manifest_leaves_nothing_behind(push, tmp_path, monkeypatch):
    def write(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(manifest, "write", write)
    with pytest.raises(OSError, match="No space left"):
        push()
    assert names(tmp_path) == []


@pytest.mark.parametrize("file", ["saved_model.pb", "variables/variables.index"])
def test_damaged_bundle_is_refused(push, folder, tmp_path, file):
    (folder / file).write_text("rotten")
    with pytest.raises(ValueError, match=f"nothing was pushed:\n  {file} was changed"):
        push()
    assert names(tmp_path) == []


def test_half_copied_bundle_is_refused(push, tmp_path, monkeypatch):
    whole = io_utils.copy_dir

    def copy_dir(source, target, **options):
        whole(source, target, **options)
        pathlib.Path(target, "variables", "variables.index").unlink()

    monkeypatch.setattr(io_utils, "copy_dir", copy_dir)
    with pytest.raises(ValueError, match=r"variables\.index is missing"):
        push()
    assert names(tmp_path) == []


def test_bundle_without_a_manifest_is_refused(push, folder, tmp_path):
    (folder / manifest.PATH).unlink()
    with pytest.raises(ValueError, match=r"manifest\.json is missing"):
        push()


def test_same_bundle_is_not_pushed_again(push, tmp_path):
    first = push().get_string_custom_property("pushed_destination")
    again = push()
    assert again.get_int_custom_property("pushed") == 0
    assert not again.get_string_custom_property("pushed_destination")
    assert again.get_string_custom_property("same_as") == first
    assert names(tmp_path) == [pathlib.Path(first).name]


def test_bundle_of_an_older_version_is_pushed_again(push, folder, tmp_path):
    push()
    write_bundle(folder, "another graph")
    push()
    write_bundle(folder, "graph")
    again = push()
    assert not again.get_string_custom_property("same_as")
    versions = registry.versions(str(tmp_path / "base"))
    assert again.get_string_custom_property("pushed_version") == str(versions[2])


def test_a_version_of_another_format_does_not_stop_a_push(push, folder, tmp_path):
    older = push().get_string_custom_property("pushed_destination")
    told = json.loads(pathlib.Path(older, manifest.PATH).read_text())
    del told["definition"]
    pathlib.Path(older, manifest.PATH).write_text(json.dumps({**told, "format": 1}))
    write_bundle(folder, "another graph")
    push()
    assert len(registry.versions(str(tmp_path / "base"))) == 2


@pytest.mark.parametrize("text", ['{"format": 9}', "{"], ids=["later-format", "damaged"])
def test_a_newest_version_that_can_not_be_read_does_not_stop_a_push(push, tmp_path, text):
    first = push().get_string_custom_property("pushed_destination")
    pathlib.Path(first, manifest.PATH).write_text(text)
    assert push().get_string_custom_property("pushed_version")
    assert len(registry.versions(str(tmp_path / "base"))) == 2


def test_same_bundle_that_is_not_blessed_is_not_called_there(push):
    push()
    assert not push(blessed=False).get_string_custom_property("same_as")


def test_oldest_versions_make_room(push, folder, tmp_path):
    versions = []
    for graph in ("1", "2", "3", "4"):
        write_bundle(folder, graph)
        versions.append(push(keep=2).get_string_custom_property("pushed_version"))
    assert names(tmp_path) == versions[-2:]


def test_stable_version_is_kept(push, folder, tmp_path):
    base = str(tmp_path / "base")
    first = int(push().get_string_custom_property("pushed_version"))
    models_config.write(base, {first}, {"stable": first})
    for graph in ("2", "3", "4"):
        write_bundle(folder, graph)
        push(keep=1)
    assert registry.versions(base)[0] == registry.served(base) == first
    assert len(registry.versions(base)) == 2


def test_two_pushes_at_once_make_room_and_both_appear(tmp_path):
    base = tmp_path / "base"
    for name in (*map(str, range(1, 9)), ".incoming-broken"):  # all of them old
        write_bundle(prepared(base / name), name)
        os.utime(base / name, (0, 0))
    staged = [prepared(base / f".incoming-{name}" / "50") for name in range(4)]
    for folder in staged:
        write_bundle(folder, "new")

    def publish(folder):
        return pusher.publish(str(base), str(folder), {}, keep=len(staged))

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        given = sorted(pool.map(publish, staged))
    assert given == [50, 51, 52, 53]
    assert set(given) <= set(registry.versions(str(base)))
    assert not {1, 2, 3, 4, 5} & set(registry.versions(str(base)))  # room is made before a push
    assert not (base / ".incoming-broken").exists()


def prepared(folder):
    (folder / "variables").mkdir(parents=True)
    return folder


@pytest.mark.parametrize("key", ["base_directory", "baseDirectory"])
def test_destination_in_either_spelling(key):
    given = json.dumps({"filesystem": {key: "/base", "versioning": 1}})
    assert pusher._destination({"push_destination": given}) == ("/base", {"versioning": 1})


def test_a_version_is_signed_where_there_is_a_key(push, tmp_path):
    private, public = signing_keys.write(tmp_path)
    signed = push(signing_key_file=private).get_string_custom_property(pusher.DESTINATION)
    assert signature.problems(signed, signature.read_public(public)) == []
    assert manifest.problems(signed) == []


def test_without_its_key_nothing_is_pushed(push, tmp_path):
    with pytest.raises(ValueError, match=r"Can't read the key .*nowhere"):
        push(signing_key_file=str(tmp_path / "nowhere"))
    assert not (tmp_path / "base").exists() or names(tmp_path) == []
