"""Set-up by a fake world of interpreters; the real thing is what ran before this test could."""

import hashlib
import importlib.util
import io
import pathlib
import re
import sys

import pytest
from packaging.requirements import Requirement

from support import ROOT

spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "tools" / "bootstrap.py")
bootstrap = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bootstrap)

RIGHT = "#!/bin/sh\necho True\n"
OTHER = "#!/bin/sh\necho False\n"
BROKEN_SHIM = "#!/bin/sh\necho 'pyenv: python3.10: command not found' >&2\nexit 127\n"


def executable(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("scripts", "found"),
    [
        ({"a/python3.10": RIGHT}, "a/python3.10"),
        ({"a/python3": OTHER, "b/python3": RIGHT}, "b/python3"),
        (
            {"a/python3.10": BROKEN_SHIM, ".pyenv/versions/3.10.13/bin/python": RIGHT},
            ".pyenv/versions/3.10.13/bin/python",
        ),
        (
            {f".pyenv/versions/3.10.{n}/bin/python": RIGHT for n in (9, 13)},
            ".pyenv/versions/3.10.13/bin/python",
        ),
        ({"a/python3": OTHER, ".pyenv/versions/3.11.7/bin/python": RIGHT}, None),
        ({}, None),
    ],
    ids=[
        "on-path",
        "later-on-path",
        "shim-that-fails",
        "newest-of-pyenv",
        "only-other-versions",
        "nothing",
    ],
)
def test_find_python(tmp_path, scripts, found):
    for name, text in scripts.items():
        executable(tmp_path / name, text)
    environment = {"PATH": f"{tmp_path}/a:{tmp_path}/b", "HOME": str(tmp_path)}
    expected = found and str(tmp_path / found)
    assert bootstrap.find_python(environment) == expected


def test_pyenv_root_is_honoured(tmp_path):
    python = executable(tmp_path / "elsewhere" / "versions" / "3.10.4" / "bin" / "python", RIGHT)
    environment = {"PATH": "", "HOME": "/nowhere", "PYENV_ROOT": str(tmp_path / "elsewhere")}
    assert bootstrap.find_python(environment) == python


def test_nothing_found_says_what_to_install(monkeypatch):
    def refuse(*command):
        raise bootstrap.SetupError("No interpreter found for Python 3.10")

    monkeypatch.setattr(bootstrap, "run", refuse)
    with pytest.raises(bootstrap.SetupError, match=r"pyenv install 3\.10(.|\n)*No interpreter"):
        bootstrap.create("uv", None, "folder")


def test_failure_with_a_python_at_hand_is_not_blamed_on_python(monkeypatch):
    def refuse(*command):
        raise bootstrap.SetupError("no space left")

    monkeypatch.setattr(bootstrap, "run", refuse)
    with pytest.raises(bootstrap.SetupError, match=r"^no space left$"):
        bootstrap.create("uv", "/usr/bin/python3.10", "folder")


def test_installed_uv_is_used_and_an_old_one_is_not(tmp_path, monkeypatch):
    monkeypatch.setattr(bootstrap, "PRIVATE", tmp_path / ".uv")
    private = executable(tmp_path / ".uv" / "bin" / "uv", "")
    monkeypatch.setenv("PATH", f"{tmp_path}/a:/bin")
    installed = executable(tmp_path / "a" / "uv", "#!/bin/sh\necho uv 0.9.1\n")
    assert bootstrap.find_uv() == installed
    executable(tmp_path / "a" / "uv", "#!/bin/sh\necho uv 0.1.0\n")
    assert bootstrap.find_uv() == private


@pytest.mark.parametrize("project", [True, False])
def test_environment_is_current_only_with_todays_stamp_and_its_python(tmp_path, project):
    (tmp_path / "lock").write_text("tfx==1.16.0")
    direct, lock = tmp_path / "direct.in", tmp_path / "lock"
    environment = bootstrap.Environment("main", tmp_path, direct, lock, project)
    python = pathlib.Path(executable(tmp_path / "bin" / "python", RIGHT))
    assert not environment.is_current()
    (tmp_path / ".stamp").write_text("of another lock")
    assert not environment.is_current()
    (tmp_path / ".stamp").write_text(environment.fingerprint())
    assert environment.is_current()
    lock.write_text("tfx==1.17.0")
    assert not environment.is_current()
    (tmp_path / ".stamp").write_text(environment.fingerprint())
    python.unlink()
    python.symlink_to(tmp_path / "removed-interpreter")
    assert not environment.is_current()


def test_every_file_of_requirements_is_an_environment():
    environments = bootstrap.environments()
    assert [e.name for e in environments.values() if e.project] == [bootstrap.MAIN]
    assert len({e.folder for e in environments.values()}) == len(environments)


@pytest.mark.parametrize("options", [[], ["--lock"]])
def test_unknown_environment_is_refused(monkeypatch, capsys, options):
    monkeypatch.setattr(sys, "argv", ["bootstrap.py", "nonsense", *options])
    with pytest.raises(SystemExit, match="2"):
        bootstrap.main()
    assert "no environment 'nonsense'; there are: main" in capsys.readouterr().err


@pytest.fixture
def index(monkeypatch):
    """A package index with one wheel, `a-1.whl`, whose content is `wheel`."""
    pages = {
        "https://mirror.test/simple/a/": b'<a href="../../files/a-1.whl#sha256=0">a-1.whl</a>',
        "https://mirror.test/files/a-1.whl": b"wheel",
    }
    monkeypatch.setattr(
        bootstrap.urllib.request, "urlopen", lambda page, timeout: io.BytesIO(pages[page])
    )
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.test/simple/")


@pytest.mark.usefixtures("index")
def test_without_pip_the_wheel_comes_from_the_users_index(tmp_path):
    bootstrap.download("a", "a-1.whl", hashlib.sha256(b"wheel").hexdigest(), tmp_path)
    assert (tmp_path / "a-1.whl").read_bytes() == b"wheel"


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize(
    ("filename", "message"),
    [
        ("a-1.whl", "has SHA-256 .*, expected f00d"),
        ("a-2.whl", r"https://mirror\.test/simple/a/ does not list a-2\.whl"),
    ],
    ids=["damaged", "not-listed"],
)
def test_any_other_wheel_is_refused(tmp_path, filename, message):
    with pytest.raises(bootstrap.SetupError, match=message):
        bootstrap.download("a", filename, "f00d", tmp_path)
    assert not (tmp_path / filename).exists()


def test_machine_that_tfx_does_not_run_on_is_named():
    with pytest.raises(bootstrap.SetupError, match="this is Linux on aarch64"):
        bootstrap.uv_wheel("Linux", "aarch64")


def test_failed_command_tells_what_it_said():
    with pytest.raises(bootstrap.SetupError, match="no space left"):
        bootstrap.run(sys.executable, "-c", "import sys; sys.exit('no space left')")


@pytest.mark.parametrize("environment", bootstrap.environments().values(), ids=lambda e: e.name)
def test_lock_pins_what_is_asked_for_and_names_no_host(environment):
    locked = environment.locked.read_text()
    pinned = dict(re.findall(r"^([\w.-]+)==(\S+) \\$", locked, re.MULTILINE))
    lines = [line.split("#")[0].strip() for line in environment.direct.read_text().splitlines()]
    asked = [Requirement(line) for line in lines if line]
    assert len({requirement.name for requirement in asked}) == len(asked) > 0
    for requirement in asked:
        assert requirement.specifier.contains(pinned[requirement.name]), requirement
    assert "://" not in locked
