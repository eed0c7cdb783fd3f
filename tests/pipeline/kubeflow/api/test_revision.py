import subprocess

import pytest

from pipeline.kubeflow.api.revision import revision


@pytest.fixture
def checkout(tmp_path):
    def git(*words):
        who = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
        subprocess.run(["git", "-C", str(tmp_path), *who, *words], check=True, capture_output=True)

    git("init")
    (tmp_path / "file").write_text("1")
    git("add", "file")
    git("commit", "-m", "First")
    return tmp_path


def test_commit_of_a_clean_checkout(checkout):
    name = revision(checkout)
    head = subprocess.run(
        ["git", "-C", str(checkout), "rev-parse", "HEAD"], capture_output=True, text=True
    ).stdout
    assert len(name) == 12 and head.startswith(name)


@pytest.mark.parametrize("path", ["file", "new"], ids=["changed", "untracked"])
def test_changed_files_are_named(checkout, path):
    (checkout / path).write_text("2")
    with pytest.raises(ValueError, match=rf"^{path} differs from the commit .*--version"):
        revision(checkout)


def test_no_checkout(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(ValueError, match=r"git knows no commit here .*--version"):
        revision(tmp_path)


def test_no_git(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValueError, match="git is not installed"):
        revision(tmp_path)
