import pytest

from serving import version_folders


@pytest.mark.parametrize(
    ("names", "versions"),
    [
        ([], {}),
        (["1", "2"], {1: "1", 2: "2"}),
        (["00000123"], {123: "00000123"}),
        (["1.tmp", "-5", "a", ".incoming-7", "٣"], {}),  # the last is an Arabic 3
        ([str(2**63 - 1), str(2**63)], {2**63 - 1: str(2**63 - 1)}),
    ],
    ids=["empty", "plain", "leading-zeros", "no-numbers", "largest"],
)
def test_versions_are_the_folders_named_by_a_number(tmp_path, names, versions):
    for name in names:
        (tmp_path / name).mkdir()
    expected = {number: str(tmp_path / name) for number, name in versions.items()}
    assert version_folders.find(str(tmp_path)) == expected


@pytest.mark.parametrize("kind", ["missing", "file"])
def test_what_is_no_folder_says_nothing(tmp_path, kind):
    path = tmp_path / "movielens"
    if kind == "file":
        path.write_text("")
    assert version_folders.find(str(path)) is None
