"""Makes `.venv` from the lock: Python 3.10, every package by hash, byte code compiled.

Runs on any Python from 3.8 on, with nothing but its standard library. Touches nothing outside the
checkout: `.venv` is the environment, `.uv` holds uv if none is installed.
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
VENV = ROOT / ".venv"
PRIVATE = ROOT / ".uv"
LOCK = ROOT / "requirements" / "lock.txt"
DIRECT = ROOT / "requirements" / "direct.in"
STAMP = VENV / ".stamp"
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


def main():
    """Makes the environment if the lock or setup.py changed since it was made."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lock", action="store_true", help="pin and hash direct.in again instead")
    options = parser.parse_args()
    try:
        if options.lock:
            lock(find_uv())
        elif not is_current():
            make()
    except SetupError as error:
        sys.exit(f"setup: {error}")
    except KeyboardInterrupt:
        print("setup: interrupted; run it again and it goes on from there", file=sys.stderr)
        sys.exit(130)


def is_current():
    """Returns whether the environment was made, to its end, from today's lock, and still stands."""
    python = VENV / "bin" / "python"  # a link, and the interpreter it points to may be gone
    return python.exists() and STAMP.exists() and STAMP.read_text() == fingerprint()


def fingerprint():
    """Returns a hash of all that decides what the environment holds."""
    digest = hashlib.sha256(str(ROOT).encode())
    for path in (LOCK, ROOT / "setup.py", ROOT / "pyproject.toml"):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def make():
    """Makes or mends the environment; the stamp is written last."""
    uv = find_uv()
    if not works(VENV / "bin" / "python"):
        shutil.rmtree(str(VENV), ignore_errors=True)
        python = find_python(os.environ)
        print(f"setup: making .venv with {python or 'a Python 3.10 of uv'}", flush=True)
        create(uv, python)
    elif STAMP.exists():
        STAMP.unlink()
    print("setup: installing the locked packages (3 GB; some minutes the first time)", flush=True)
    run(
        uv,
        "pip",
        "sync",
        "--quiet",
        "--require-hashes",
        "--compile-bytecode",
        "--python",
        str(VENV / "bin" / "python"),
        str(LOCK),
    )
    run(
        uv,
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--python",
        str(VENV / "bin" / "python"),
        "--editable",
        str(ROOT),
    )
    STAMP.write_text(fingerprint())


def create(uv, python):
    """Creates an empty environment, with uv's own download where no Python 3.10 was found."""
    if python:
        run(uv, "venv", "--quiet", "--python", python, str(VENV))
        return
    try:
        run(uv, "venv", "--quiet", "--python", "3.10", str(VENV))
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


def lock(uv):
    """Pins and hashes the direct requirements."""
    run(
        uv,
        "pip",
        "compile",
        "--quiet",
        "--python-version",
        "3.10",
        "--generate-hashes",
        "--no-header",
        "--no-emit-index-url",
        "--no-annotate",
        str(DIRECT),
        "-o",
        str(LOCK),
    )


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
