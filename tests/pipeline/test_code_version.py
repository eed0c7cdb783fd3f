import subprocess

import pytest

from pipeline import code_version


@pytest.fixture
def checkout(tmp_path):
    def git(*arguments):
        who = ("-c", "user.name=a", "-c", "user.email=a@b")
        done = subprocess.run(
            ["git", "-C", str(tmp_path), *who, *arguments], capture_output=True, text=True
        )
        return done.stdout.strip()

    (tmp_path / "file").write_text("1")
    git("init")
    git("add", "file")
    git("commit", "-m", "one")
    git("tag", "-a", "v1", "-m", "a tag does not name the revision")
    return tmp_path, git


def test_revision_of_a_checkout(checkout):
    root, git = checkout
    assert code_version.git_revision(root) == git("rev-parse", "HEAD")
    (root / "file").write_text("2")
    assert code_version.git_revision(root) == git("rev-parse", "HEAD") + "-dirty"


def test_outside_of_git_there_is_none(tmp_path):
    assert code_version.git_revision(tmp_path) == ""
