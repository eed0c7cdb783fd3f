"""The notebooks run to their end, on generated data; what they show stays out of the repository."""

import os

import nbclient
import nbformat
import pytest

from support import ROOT

pytestmark = pytest.mark.slow
TIMEOUT_SECONDS = 600


def texts(notebook):
    """Returns everything that a notebook printed or showed."""
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            found += [output.get("text", ""), output.get("data", {}).get("text/plain", "")]
    return "\n".join(found)


def executed(name, folder, environment, monkeypatch):
    """Executes a copy of a notebook, and returns it."""
    for variable, value in environment.items():
        monkeypatch.setenv(variable, str(value))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("IPYTHONDIR", str(folder / "ipython"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(folder / "jupyter"))
    notebook = nbformat.read(ROOT / "examples" / f"{name}.ipynb", as_version=4)
    client = nbclient.NotebookClient(
        notebook,
        timeout=TIMEOUT_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(ROOT / "examples")}},
    )
    return client.execute()


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    """Where the first notebook writes, and the others read."""
    return tmp_path_factory.mktemp("notebooks")


@pytest.fixture(scope="module")
def components(output, write_checkerboard):
    """The notebook of the components, executed; it pushes a bundle."""
    data = write_checkerboard(output / "data", users=40, movies=40, share=0.6)
    environment = {"MOVIELENS_DATA": data, "MOVIELENS_OUTPUT": output}
    with pytest.MonkeyPatch.context() as monkeypatch:
        return executed("components", output, environment, monkeypatch)


@pytest.fixture
def base(components, output):
    """The folder of the versions that it pushed."""
    return output / "serving" / "movielens"


def test_components_one_by_one(components, base):
    shown = texts(components)
    assert "40 users" in shown
    assert "hit@10" in shown
    assert [path for path in base.iterdir() if path.name.isdigit()]


def test_inside_a_bundle(base, output, monkeypatch):
    shown = texts(executed("bundle", output, {"MOVIELENS_BASE": base}, monkeypatch))
    assert "saved_model.pb" in shown
    assert "1 known" in shown and "nobody unknown" in shown
    assert "serving_default" in shown


def test_asking_a_server(base, output, monkeypatch):
    shown = texts(executed("ask_a_server", output, {"MOVIELENS_BASE": base}, monkeypatch))
    assert "1 known" in shown and "nobody unknown" in shown
    assert "refused:" in shown and "unavailable:" in shown
    assert f"version {max(int(p.name) for p in base.iterdir() if p.name.isdigit())}" in shown
    assert not os.path.exists(ROOT / "examples" / "ipython")
