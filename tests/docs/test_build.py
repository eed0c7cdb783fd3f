"""`make docs`: strict, with the parts that are generated from the code."""

import os
import re
import subprocess
import sys

import pytest

from support import ROOT

MKDOCS = ROOT / ".venv-docs" / "bin" / "mkdocs"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site."""
    if not MKDOCS.exists():
        pytest.skip(f"{MKDOCS} is not there: `make docs` makes it")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [str(MKDOCS), "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "true"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("reference/commands", "--withdraw"),
        ("reference/settings", "model.id_dropout"),
        ("reference/signatures", "exclude_item_ids"),
        ("reference/definition", "min_count"),
        ("reference/definition", "float-ids"),
        ("guides/own-data", "make_shop.py"),
        ("reference/manifest", "gigabytes"),
        ("reference/client", "for_history"),
        ("reference/environments", "node_selector"),
        ("contributing/architecture", "two_tower.py"),
    ],
)
def test_generated_parts_are_in_the_pages(site, page, text):
    html = (site / f"{page}.html").read_text()
    assert text in html
    assert "<!-- generated" not in html


def test_pages_load_nothing_from_elsewhere(site):
    for page in site.rglob("*.html"):
        loaded = re.findall(r'<(?:script|img)[^>]+src="([^"]+)"', page.read_text())
        loaded += re.findall(
            r'<link[^>]+rel="(?:stylesheet|preconnect)"[^>]+href="([^"]+)"', page.read_text()
        )
        assert not [url for url in loaded if url.startswith(("http", "//"))], page


def test_what_can_not_be_generated_stops_the_build(tmp_path):
    program = (
        "import hooks, pathlib; hooks.PYTHON = pathlib.Path('nowhere'); hooks.on_pre_build(None)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT / "tools" / "docs",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "nowhere is not there: `make setup` makes it" in done.stderr
