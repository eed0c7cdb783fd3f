import dataclasses

import pytest

from components.bundle import manifest


@pytest.fixture
def bundle(tmp_path):
    (tmp_path / "variables").mkdir()
    (tmp_path / "saved_model.pb").write_text("graph")
    (tmp_path / "variables" / "variables.index").write_text("numbers")
    write(tmp_path)
    return tmp_path


def write(folder, **more):
    described = manifest.Manifest(
        towers={"sha256": "0"},
        data={},
        counts={"users": 1},
        evaluation={},
        settings={},
        files=manifest.checksums(str(folder)),
        **more,
    )
    manifest.write(str(folder), described)
    return described


def test_what_is_written_is_read(tmp_path):
    written = write(tmp_path, push={"at": "now"})
    assert manifest.read(str(tmp_path)) == written


def test_every_file_but_the_manifest_is_told(bundle):
    assert set(manifest.read(str(bundle)).files) == {"saved_model.pb", "variables/variables.index"}
    assert manifest.problems(str(bundle)) == []


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda f: (f / "saved_model.pb").write_text("grapH"), "saved_model.pb was changed"),
        (lambda f: (f / "saved_model.pb").unlink(), "saved_model.pb is missing"),
        (lambda f: (f / "variables" / "more").write_text(""), "variables/more is not in the"),
        (lambda f: (f / manifest.PATH).unlink(), "manifest.json is missing"),
    ],
    ids=["changed", "missing", "additional", "no-manifest"],
)
def test_damage_is_named(bundle, damage, problem):
    damage(bundle)
    (found,) = manifest.problems(str(bundle))
    assert problem in found


@pytest.mark.parametrize("text", ["{", "{}", '{"unknown": 1}', "[]"])
def test_manifest_that_is_none(bundle, text):
    (bundle / manifest.PATH).write_text(text)
    with pytest.raises(ValueError, match=r"manifest\.json is not a manifest of format 1"):
        manifest.read(str(bundle))


def test_bundle_of_before_there_were_manifests(tmp_path):
    assert manifest.read(str(tmp_path)) is None


def test_content_is_that_of_the_files_and_not_of_the_push(bundle):
    told = manifest.read(str(bundle))
    pushed = dataclasses.replace(told, push={"at": "later"})
    other = dataclasses.replace(told, files={**told.files, "saved_model.pb": "0"})
    assert pushed.content == told.content != other.content
