"""The image's Dockerfile, as far as it can be checked without building it."""

import importlib.metadata
import os
import re
import subprocess
import sys
import zipfile

import packaging.requirements
import packaging.utils
import pytest

from pipeline import code_version
from support import ROOT

DOCKERFILE = ROOT / "kubeflow" / "Dockerfile"
HADOLINT = ROOT / ".venv-kubeflow" / "bin" / "hadolint"
OURS = ("pipeline", "components", "serving", "trainer", "transform")
OF_TESTS = {"pytest", "pytest-xdist", "selenium", "ruff", "mypy"}
VERSIONED = (
    "transform.preprocessing",
    "trainer.tuning.tuner_fn",
    "components.training.trainer",
    "components.ingestion",
    "components.validation.gate",
    "components.canary.component",
    "components.evaluation.evaluator",
)


def instructions(name):
    text = DOCKERFILE.read_text().replace("\\\n", " ")
    return re.findall(rf"^{name} +(.+)$", text, flags=re.MULTILINE)


def requirements(name):
    text = (ROOT / "requirements" / name).read_text()
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, flags=re.MULTILINE))


def hadolint(path):
    if not HADOLINT.exists():
        pytest.skip(f"{HADOLINT} is not there: `python3 tools/bootstrap.py kubeflow` makes it")
    return subprocess.run([str(HADOLINT), str(path)], capture_output=True, text=True)


def test_hadolint_has_no_complaint():
    done = hadolint(DOCKERFILE)
    assert (done.returncode, done.stdout) == (0, "")


def test_hadolint_finds_a_planted_fault(tmp_path):
    bad = tmp_path / "Dockerfile"
    bad.write_text(DOCKERFILE.read_text().replace("USER 10001:10001", "USER root"))
    done = hadolint(bad)
    assert done.returncode == 1 and "DL3002" in done.stdout


def test_python_is_pinned_by_digest_and_is_the_projects():
    (base,) = (image for image in instructions("FROM") if image.endswith(" AS base"))
    assert re.fullmatch(r"python:3\.10\.\d+-slim-bookworm@sha256:[0-9a-f]{64} AS base", base)


def test_beams_workers_are_of_the_locked_version():
    (beam,) = (image for image in instructions("FROM") if image.endswith(" AS beam"))
    version = requirements("lock.txt")["apache-beam"]
    assert beam == f"apache/beam_python3.10_sdk:{version} AS beam"


def test_everything_is_installed_from_locks_by_hash():
    for command in instructions("RUN"):
        if "pip install" in command:
            assert "--require-hashes" in command or "--no-deps --no-build-isolation ." in command


def test_image_holds_nothing_that_only_tests_and_notebooks_need():
    """Of TFMA's requirements all but its widgets; the next test does without them."""
    direct = (ROOT / "requirements" / "direct.in").read_text()
    asked = [(name, ()) for name in re.findall(r"^([a-z0-9-]+)", direct, flags=re.MULTILINE)]
    left_out = {"ipython", "ipywidgets", *OF_TESTS}
    needed = set()
    while asked:
        name, extras = asked.pop()
        if name not in left_out and (name, extras) not in needed:
            needed.add((name, extras))
            asked += required(name, extras)
    unneeded = set(requirements("lock.txt")) - {name for name, _ in needed}
    listed = (ROOT / "requirements" / "not-in-image.txt").read_text().splitlines()[1:]
    assert listed == sorted(unneeded)
    assert {"jupyterlab", "notebook", "ipykernel", "pytest"} <= unneeded


def required(name, extras):
    """Returns what a package asks for on this machine, each with its extras."""
    try:
        texts = importlib.metadata.requires(name) or []
    except importlib.metadata.PackageNotFoundError:
        return []
    parsed = [packaging.requirements.Requirement(text) for text in texts]
    return [
        (packaging.utils.canonicalize_name(each.name), tuple(each.extras))
        for each in parsed
        if not each.marker or any(each.marker.evaluate({"extra": e}) for e in (*extras, ""))
    ]


def test_product_imports_without_notebooks():
    blocked = {"IPython", "ipywidgets", "ipykernel", "jupyter_core", "notebook", "traitlets"}
    code = f"""if True:
        import sys
        class Blocked:
            def find_spec(self, name, path=None, target=None):
                if name.split(".")[0] in {blocked!r}:
                    raise ModuleNotFoundError(name, name=name)
        sys.meta_path.insert(0, Blocked())
        import pipeline.graph, components.evaluation.evaluator, components.validation.gate
    """
    environment = {**os.environ, "TF_USE_LEGACY_KERAS": "1", "CUDA_VISIBLE_DEVICES": "-1"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_cuda_is_what_this_tensorflow_asks_for():
    asked = {
        tuple(requirement.split(";")[0].replace(" ", "").split("=="))
        for requirement in importlib.metadata.requires("tensorflow")
        if "and-cuda" in requirement
    }
    assert asked and asked == set(requirements("cuda.lock").items())


def test_user_is_a_number_and_home_is_writable():
    assert instructions("USER") == ["10001:10001"]
    (environment,) = (text for text in instructions("ENV") if "HOME" in text)
    assert " HOME=/tmp " in re.sub(" +", " ", environment)


def test_whole_context_is_what_the_dockerfile_copies():
    ignore = DOCKERFILE.with_name("Dockerfile.dockerignore").read_text().splitlines()
    assert "*" in ignore
    let_in = {line[1:] for line in ignore if line.startswith("!")}
    copied = {
        source
        for text in instructions("COPY")
        if "--from" not in text
        for source in text.split()[:-1]
    }
    assert copied == let_in
    assert all((ROOT / path).exists() for path in let_in)


def test_installed_code_has_the_fingerprint_of_the_checkout(tmp_path):
    """Or Kubeflow's cache would see other code than the compiler did."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    source = tmp_path / "source"
    source.mkdir()
    for name in (*OURS, "setup.py", "pyproject.toml"):
        subprocess.run(["cp", "-r", str(ROOT / name), str(source)], check=True)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run(
        [*command, "--wheel-dir", str(tmp_path), str(source)], check=True, env=environment
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    for module in VERSIONED:
        assert code_version.code_version(module, root=tmp_path / "installed") == (
            code_version.code_version(module)
        )
