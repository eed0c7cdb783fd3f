import pytest

from transform import yaml_files


def test_values_and_their_lines(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("a: 1\nb:\n  c: [2,\n    3]\n")
    document, lines = yaml_files.read(path)
    assert document == {"a": 1, "b": {"c": [2, 3]}}
    assert {place: lines[place] for place in [("a",), ("b", "c"), ("b", "c", 1)]} == {
        ("a",): 1,
        ("b", "c"): 3,
        ("b", "c", 1): 4,
    }


@pytest.mark.parametrize(
    ("place", "line"),
    [(("b", "c"), 3), (("b", "c", 7), 3), (("b", "d"), 2), (("x",), 1), ((), 1)],
    ids=["there", "inside", "beside", "nowhere", "root"],
)
def test_line_of_the_nearest_value(place, line):
    _, lines = yaml_files.parse("a: 1\nb:\n  c: [2]\n", "")
    assert yaml_files.line_of(place, lines) == line


def test_line_of_nothing():
    assert yaml_files.line_of(("a",), {}) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "x must be a mapping of names to values."),
        ("- 1", "x must be a mapping of names to values."),
        ("text", "x must be a mapping of names to values."),
        ("a: 1\na: 2", "x, line 2: 'a' is there twice; keep one."),
        ("b:\n  a: 1\n  a: 1", "x, line 3: 'a' is there twice; keep one."),
        ("- {a: 1,\n  a: 1}", "x, line 2: 'a' is there twice; keep one."),
        ("a: 1\nb: [1", "x, line 2: not YAML: "),
        ("a: 1\n\tb: 2", "x, line 2: not YAML: "),
        ("a: !!python/object:os.system {}", "x, line 1: not YAML: "),
    ],
    ids=[
        "empty",
        "list",
        "text",
        "key-twice",
        "key-twice-inside",
        "key-twice-in-a-list",
        "open-bracket",
        "tab",
        "tag",
    ],
)
def test_what_is_no_mapping(text, message):
    with pytest.raises(yaml_files.FileError) as error:
        yaml_files.parse(text, "x")
    assert str(error.value).startswith(message)


def test_no_file(tmp_path):
    with pytest.raises(yaml_files.FileError, match=r"There is no file .*/a\.yaml"):
        yaml_files.read(tmp_path / "a.yaml")


def test_a_file_that_is_no_text(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(yaml_files.FileError, match=r"a\.yaml can't be read"):
        yaml_files.read(path)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(yaml_files.FileError, match="can't be read"):
        yaml_files.read(tmp_path)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("categry", " Did you mean 'category'?"), ("zzz", ""), ("", "")],
    ids=["near", "far", "nothing"],
)
def test_did_you_mean(name, expected):
    assert yaml_files.did_you_mean(name, ["category", "number"]) == expected
