import pytest

from pipeline.settings import yaml_files


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E5", 100000.0),
        (".5e-1", 0.05),
        ("-2.5e+1", -25.0),
        ("3", 3),
        ("0.5", 0.5),
        ("2026-01-31", "2026-01-31"),
        ("1e", "1e"),
        ("e5", "e5"),
        ("ml-1e5", "ml-1e5"),
    ],
)
def test_values_are_what_people_mean(tmp_path, text, value):
    (tmp_path / "f.yaml").write_text(f"name: {text}\n")
    found = yaml_files.read(tmp_path / "f.yaml")["name"]
    assert (type(found), found) == (type(value), value)


def test_bytes_that_are_no_text(tmp_path):
    (tmp_path / "f.yaml").write_bytes(b"name: \xff\xfe")
    with pytest.raises(ValueError, match=r"f.yaml is not YAML"):
        yaml_files.read(tmp_path / "f.yaml")
