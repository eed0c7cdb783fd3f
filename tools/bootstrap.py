"""Makes an environment from its lock: Python 3.10, every package by hash, byte code compiled.

Runs on any Python from 3.8 on, with nothing but its standard library. Touches nothing outside the
checkout: `.venv` is the product's environment, `.venv-NAME` one of those that can't share it (their
packages contradict TFX's), `.uv` holds uv if none is installed.
"""

import argparse
import hashlib
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PRIVATE = ROOT / ".uv"
MAIN = "main"
WANTED = (3, 10)
UV_MINIMUM = (0, 4, 0)
UV_VERSION = "0.13.9"
UV_WHEELS = {  # system and machine: tag and SHA-256 of the wheel. TFX 1.16 exists for these only.
    ("Linux", "x86_64"): (
        "manylinux_2_17_x86_64.manylinux2014_x86_64",
        "d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19",
    ),
    ("Darwin", "x86_64"): (
        "macosx_10_12_x86_64",
        "c16ed11e013557536b3e60065f1b912f6407bd6518e041b961e23ef9e6b4fbf5",
    ),
}
INDEX_VARIABLES = ("UV_DEFAULT_INDEX", "PIP_INDEX_URL")
PYPI = "https://pypi.org/simple"


class SetupError(Exception):
    """Something is missing; the message says what, and what to do."""


class Environment:
    """A folder with a Python of its own, and the lock that says what is in it."""

    def __init__(self, name, folder, direct, locked, project):
        """Says where all of it is.

        Args:
            name: What `--environment` calls it.
            folder: Of the environment.
            direct: File of what is asked for.
            locked: File of what that comes to, pinned and hashed.
            project: Whether this project is installed in it, so that edits show at once.
        """
        self.name = name
        self.folder = pathlib.Path(folder)
        self.direct = pathlib.Path(direct)
        self.locked = pathlib.Path(locked)
        self.project = project
        self.python = self.folder / "bin" / "python"
        self.stamp = self.folder / ".stamp"

    def is_current(self):
        """Returns whether it was made, to its end, from today's lock, and still stands."""
        # The python is a link, and the interpreter it points to may be gone.
        return (
            self.python.exists()
            and self.stamp.exists()
            and self.stamp.read_text() == self.fingerprint()
        )

    def fingerprint(self):
        """Returns a hash of all that decides what the environment holds."""
        digest = hashlib.sha256(str(ROOT).encode())
        of_project = (ROOT / "setup.py", ROOT / "pyproject.toml") if self.project else ()
        for path in (self.locked, *of_project):
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def make(self):
        """Makes or mends it; the stamp is written last."""
        uv = find_uv()
        if not works(self.python):
            shutil.rmtree(str(self.folder), ignore_errors=True)
            python = find_python(os.environ)
            print(f"setup: making {self.folder.name} with {python or 'a Python 3.10 of uv'}")
            create(uv, python, self.folder)
        elif self.stamp.exists():
            self.stamp.unlink()
        print(f"setup: installing {self.locked.name} (minutes, the first time)", flush=True)
        options = ["--quiet", "--python", str(self.python)]
        locked = ["--require-hashes", "--compile-bytecode", str(self.locked)]
        run(uv, "pip", "sync", *options, *locked)
        if self.project:
            unlocked = ["--no-deps", "--no-build-isolation", "--editable", str(ROOT)]
            run(uv, "pip", "install", *options, *unlocked)
        self.stamp.write_text(self.fingerprint())

    def lock(self):
        """Pins and hashes the direct requirements."""
        run(
            find_uv(),
            *("pip", "compile", "--quiet", "--python-version", "3.10", "--generate-hashes"),
            *("--no-header", "--no-emit-index-url", "--no-annotate"),
            *(str(self.direct), "-o", str(self.locked)),
        )


def environments():
    """Returns the environments by name: the product's, and one for each file beside its own."""
    folder = ROOT / "requirements"
    main_one = Environment(MAIN, ROOT / ".venv", folder / "direct.in", folder / "lock.txt", True)
    others = [
        Environment(
            direct.stem, ROOT / f".venv-{direct.stem}", direct, direct.with_suffix(".lock"), False
        )
        for direct in sorted(folder.glob("*.in"))
        if direct != main_one.direct
    ]
    return {environment.name: environment for environment in (main_one, *others)}


def main():
    """Makes an environment if what it is made from changed, or locks its requirements."""
    known = environments()
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "environments", nargs="*", default=[MAIN], help=f"default: {MAIN}; all: {', '.join(known)}"
    )
    parser.add_argument("--lock", action="store_true", help="pin and hash its requirements instead")
    options = parser.parse_args()
    unknown = set(options.environments) - set(known)
    if unknown:
        parser.error(f"no environment {sorted(unknown)[0]!r}; there are: {', '.join(known)}")
    try:
        for name in options.environments:
            if options.lock:
                known[name].lock()
            elif not known[name].is_current():
                known[name].make()
    except SetupError as error:
        sys.exit(f"setup: {error}")
    except KeyboardInterrupt:
        print("setup: interrupted; run it again and it goes on from there", file=sys.stderr)
        sys.exit(130)


def create(uv, python, folder):
    """Creates an empty environment, with uv's own download where no Python 3.10 was found."""
    if python:
        run(uv, "venv", "--quiet", "--python", python, str(folder))
        return
    try:
        run(uv, "venv", "--quiet", "--python", "3.10", str(folder))
    except SetupError as error:
        raise SetupError(
            "no Python 3.10 was found on PATH or among pyenv's versions, and uv could not download "
            "one. Install Python 3.10 (`pyenv install 3.10`, or your system's package) and run "
            f"this again. uv said: {error}"
        ) from error


def find_python(environment):
    """Returns the path of a Python 3.10 that works, or None.

    Looks on PATH first, then at pyenv's versions: pyenv's own `python3.10` on PATH is a shim that
    exists and fails where another version is selected.
    """
    candidates = [
        pathlib.Path(folder) / name
        for folder in environment.get("PATH", "").split(os.pathsep)
        for name in ("python3.10", "python3", "python")
        if folder
    ]
    pyenv = pathlib.Path(
        environment.get("PYENV_ROOT") or os.path.join(environment.get("HOME", "/"), ".pyenv")
    )
    candidates += sorted(pyenv.glob("versions/3.10*/bin/python"), key=_numbers, reverse=True)
    for candidate in candidates:
        if works(candidate):
            return str(candidate)
    return None


def _numbers(path):
    """Returns the numbers in a path, so that 3.10.13 sorts after 3.10.9."""
    return [int(digits) for digits in re.findall(r"\d+", str(path))]


def works(python):
    """Returns whether a path is a Python 3.10 that runs."""
    if not os.access(str(python), os.X_OK):
        return False
    program = f"import sys, venv; print(sys.version_info[:2] == {WANTED})"
    done = subprocess.run(
        [str(python), "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    return done.returncode == 0 and done.stdout.strip() == b"True"


def find_uv():
    """Returns the path of a uv: the installed one, or a private one, fetched if need be."""
    installed = shutil.which("uv")
    if installed and version_of(installed) >= UV_MINIMUM:
        return installed
    private = PRIVATE / "bin" / "uv"
    if not private.exists():
        fetch_uv(private)
    return str(private)


def version_of(uv):
    """Returns the version of a uv, such as (0, 13, 9); (0,) if it does not run."""
    done = subprocess.run([uv, "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    words = done.stdout.decode().split()
    if done.returncode or len(words) < 2:
        return (0,)
    return tuple(int(part) for part in words[1].split(".") if part.isdigit())


def fetch_uv(destination):
    """Takes uv out of its wheel, which pip downloads or, where there is no pip, this does."""
    tag, sha256 = uv_wheel(platform.system(), platform.machine())
    folder = PRIVATE / "download"
    shutil.rmtree(str(folder), ignore_errors=True)
    folder.mkdir(parents=True)
    if runs(sys.executable, "-m", "pip", "--version"):
        requirements = folder / "requirements.txt"
        requirements.write_text(f"uv=={UV_VERSION} --hash=sha256:{sha256}\n")
        options = ["--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"]
        options += ["--requirement", str(requirements), "--dest", str(folder)]
        run(sys.executable, "-m", "pip", "download", *options)
    else:
        download("uv", f"uv-{UV_VERSION}-py3-none-{tag}.whl", sha256, folder)
    wheel = next(folder.glob("uv-*.whl"))
    with zipfile.ZipFile(str(wheel)) as archive:
        member = next(name for name in archive.namelist() if name.endswith("/scripts/uv"))
        destination.parent.mkdir(parents=True, exist_ok=True)
        temporary = destination.with_suffix(".tmp")
        temporary.write_bytes(archive.read(member))
    temporary.chmod(0o755)
    os.replace(str(temporary), str(destination))
    shutil.rmtree(str(folder))


def uv_wheel(system, machine):
    """Returns the tag and the hash of uv's wheel for a machine."""
    if (system, machine) not in UV_WHEELS:
        supported = " and ".join(" on ".join(key) for key in UV_WHEELS)
        raise SetupError(f"TFX 1.16 runs on {supported}; this is {system} on {machine}.")
    return UV_WHEELS[system, machine]


def download(project, filename, sha256, folder):
    """Downloads a wheel from PyPI, or from the index that pip or uv is told to use."""
    named = (os.environ.get(name) for name in INDEX_VARIABLES)
    page = f"{next(filter(None, named), PYPI).rstrip('/')}/{project}/"
    try:
        with urllib.request.urlopen(page, timeout=60) as answer:
            links = re.findall(r'href="([^"#]+)', answer.read().decode())
        link = next((link for link in links if link.endswith(f"/{filename}")), None)
        if link is None:
            raise SetupError(f"{page} does not list {filename}. Install uv or pip.")
        with urllib.request.urlopen(urllib.parse.urljoin(page, link), timeout=60) as answer:
            content = answer.read()
    except OSError as error:
        raise SetupError(
            f"can't get {filename} by way of {page} ({error}). Install uv or pip, or open the "
            "network."
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise SetupError(f"{filename} has SHA-256 {found}, expected {sha256}: run this again.")
    (folder / filename).write_bytes(content)


def runs(*command):
    """Returns whether a command succeeds."""
    quiet = subprocess.DEVNULL
    return subprocess.run(list(command), stdout=quiet, stderr=quiet).returncode == 0


def run(*command):
    """Runs a command.

    Raises:
        SetupError: It failed; the message holds the end of what it said.
    """
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(list(command), stderr=subprocess.PIPE, env=environment)
    if done.returncode:
        said = done.stderr.decode(errors="replace")[-2000:]
        raise SetupError(f"`{' '.join(command[:3])}` failed:\n{said}")


if __name__ == "__main__":
    main()
