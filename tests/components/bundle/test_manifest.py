import dataclasses
import json

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
        definition={"name": "shop"},
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


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "Expecting property name"),
        ("{}", "'towers' is missing"),
        ('{"unknown": 1}', "'towers' is missing"),
        ("[]", "expected an object, got '\\[\\]'"),
        ('{"towers": "1"}', "'towers' is '1'"),
    ],
    ids=["no-json", "empty", "unknown", "list", "other-type"],
)
def test_manifest_that_is_none(bundle, text, problem):
    (bundle / manifest.PATH).write_text(text)
    with pytest.raises(ValueError, match=rf"manifest\.json is not a manifest \({problem}"):
        manifest.read(str(bundle))


def rewrite(bundle, change):
    """Changes the JSON of a manifest, as another revision would have written it."""
    path = bundle / manifest.PATH
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def test_a_field_that_a_later_revision_added_is_left_out(bundle):
    before = manifest.read(str(bundle))
    rewrite(bundle, lambda document: document.update(signature_of_somebody={"key": 1}))
    assert manifest.read(str(bundle)) == before
    assert manifest.problems(str(bundle)) == []


def test_an_earlier_format_is_read_and_says_so(bundle):
    rewrite(bundle, lambda document: document.update(format=1))
    assert manifest.read(str(bundle)).format == 1


def test_a_later_format_is_refused(bundle):
    rewrite(bundle, lambda document: document.update(format=3))
    with pytest.raises(manifest.Newer, match=r"manifest.json has format 3, .* up to 2: .*Upgrade"):
        manifest.read(str(bundle))


def test_a_manifest_from_before_there_were_definitions_is_read(bundle):
    def older(document):
        document["format"] = 1
        del document["definition"], document["push"]

    rewrite(bundle, older)
    told = manifest.read(str(bundle))
    assert (told.format, told.definition, told.push) == (1, {}, {})
    assert manifest.problems(str(bundle)) == []


def test_bundle_of_before_there_were_manifests(tmp_path):
    assert manifest.read(str(tmp_path)) is None


def test_content_is_that_of_the_files_and_not_of_the_push(bundle):
    told = manifest.read(str(bundle))
    pushed = dataclasses.replace(told, push={"at": "later"})
    other = dataclasses.replace(told, files={**told.files, "saved_model.pb": "0"})
    assert pushed.content == told.content != other.content
