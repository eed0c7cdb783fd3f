"""Whether what the documentation names exists: commands, settings, paths, links, targets."""

import re
import subprocess

import nbformat
import pytest

from pipeline.cli.main import movielens
from pipeline.config import Settings
from pipeline.settings import changes, fields
from support import ROOT, documentation

MAX_LINES_OF_README = 150
SETTING = re.compile(r"(split|model|gates|serving)\.[a-z_.0-9]+")
SECTIONS = ("serving.trend",)  # named as a whole
PATH = re.compile(
    r"(transform|trainer|components|pipeline|serving|benchmarks|tests|tools|docs|examples|kubeflow"
    r"|requirements)/[\w./-]*"
)
PLACEHOLDER = re.compile(r"[A-Z]{2,}")
MODULE = re.compile(r"(?:transform|trainer|components|pipeline|serving|benchmarks)(?:\.[a-z_]+)+")

pages = pytest.mark.parametrize("page", documentation.PAGES, ids=documentation.name)


def test_readme_only_opens_the_doors():
    lines = (ROOT / "README.md").read_text().splitlines()
    assert len(lines) <= MAX_LINES_OF_README


@pages
def test_every_command_line_is_one(page):
    found = documentation.commands(page.read_text())
    assert [p for a in found if (p := documentation.problem(movielens, a))] == []


@pages
def test_every_set_names_a_setting(page):
    for arguments in documentation.commands(page.read_text()):
        changes.parse(documentation.settings(arguments))


@pages
def test_every_command_in_the_text_is_one(page):
    """In running text a command may lack what a reader fills in; its names must exist."""
    for span in documentation.spans(page.read_text()):
        match = documentation.COMMAND.match(span)
        if not match:
            continue
        words = [word for word in match["arguments"].split() if re.fullmatch(r"[a-z-]+", word)]
        command = movielens
        for word in words:
            if word.startswith("--"):
                options = {o for param in command.params for o in param.opts} | {"--help"}
                assert word in options, f"{span!r}: no option {word}"
            elif hasattr(command, "get_command"):
                found = command.get_command(None, word)
                assert found is not None, f"{span!r}: no command {word}"
                command = found


@pages
def test_every_setting_in_the_text_is_one(page):
    known = {*fields.of(Settings), *SECTIONS}
    named = {
        span.partition("=")[0]
        for span in documentation.spans(page.read_text())
        if SETTING.fullmatch(span.partition("=")[0])
    }
    assert (
        named - known - {name for name in named if MODULE.fullmatch(name) and is_module(name)}
        == set()
    )


@pages
def test_every_path_and_module_in_the_text_exists(page):
    spans = documentation.spans(page.read_text())
    paths = {s for s in spans if PATH.fullmatch(s) and not PLACEHOLDER.search(s)}
    assert {path for path in paths if not (ROOT / path).exists()} == set()
    modules = {span for span in spans if MODULE.fullmatch(span)} - set(fields.of(Settings))
    assert {name for name in modules - set(SECTIONS) if not is_module(name)} == set()


def is_module(name):
    """Whether a dotted name is a module, a package, or something that a module holds."""
    path = ROOT / name.replace(".", "/")
    return any(p.is_dir() or p.with_suffix(".py").exists() for p in (path, path.parent))


@pages
def test_every_make_target_exists(page):
    makefile = (ROOT / "Makefile").read_text()
    known = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert documentation.targets(page.read_text()) - known == set()


@pages
def test_every_link_leads_somewhere(page):
    for link in documentation.links(page.read_text()):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link} leads nowhere"
        assert target.is_relative_to(ROOT)
        if anchor:
            assert anchor in documentation.anchors(target.read_text()), f"no anchor {link}"


def test_every_page_is_in_the_navigation():
    named = set(re.findall(r"([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE))
    there = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert named == there


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["run", "--set", "model.epochs=5"], ""),
        (["serving", "list"], ""),
        (["ran"], "no command 'ran'"),
        (["serving", "promte", "1"], "no command 'promte'"),
        (["run", "--sett", "model.epochs=5"], "No such option"),
        (["run", "twice"], "extra argument 'twice'"),
        (["batch"], "out is missing"),
        (["run", "--data"], "requires an argument"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_wrong_command_line_is_found(arguments, complaint):
    found = documentation.problem(movielens, arguments)
    assert (complaint in found) if complaint else not found


def test_what_is_taken_from_a_page():
    text = (
        "# One\n\nSee `movielens run` and [two](two.md#b).\n\n"
        "    movielens run --epochs 1  # why\n\n"
        "```text\nmake docs\n`not a span`\n```\n\n## Two: it's\n"
    )
    assert documentation.commands(text) == [["run", "--epochs", "1"]]
    assert documentation.targets(text) == {"docs"}
    assert documentation.spans(text) == {"movielens run"}
    assert documentation.links(text) == {"two.md#b"}
    assert documentation.anchors(text) == {"one", "two-its"}


def test_notebooks_hold_no_output():
    """MovieLens must not be redistributed, and outputs would hold some of it."""
    listed = subprocess.run(
        ["git", "ls-files", "*.ipynb"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    for path in listed:
        for cell in nbformat.read(ROOT / path, as_version=4).cells:
            assert not cell.get("outputs") and not cell.get("execution_count"), path
