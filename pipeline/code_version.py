"""Fingerprints of the code: what a component's result depends on, and the commit."""

import ast
import functools
import hashlib
import importlib.metadata
import pathlib
import subprocess
from collections.abc import Iterator

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGES = ("components", "trainer", "transform")  # what components run
SUFFIXES = (".py", ".pbtxt", ".yaml")
LIBRARIES = (
    "tfx",
    "tensorflow",
    "tensorflow-transform",
    "tensorflow-recommenders",
    "apache-beam",
    "numpy",
    "pyarrow",
)


def code_version(*modules: str, root: pathlib.Path | None = None) -> str:
    """Returns a hash of the code that modules of ours run, and of the libraries' versions.

    TFX's cache key holds a component's parameters, and of a function only its dotted path. A
    component that runs our code takes this as a parameter, over the modules that it runs: an edit
    of the Pusher must not train the model again.

    Args:
        modules: Dotted names, such as "trainer.run".
        root: Folder of the packages; by default where this one lies.

    Raises:
        ValueError: There is no such module.
    """
    root = root or ROOT
    digest = hashlib.sha256()
    for library in LIBRARIES:
        digest.update(f"{library}=={importlib.metadata.version(library)}\0".encode())
    for path in sources(*modules, root=root):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def sources(*modules: str, root: pathlib.Path | None = None) -> list[pathlib.Path]:
    """Returns the files that modules depend on: those of their folders and of what these import.

    A folder counts as a whole. What no `import` shows (a metric, a data file or a function that is
    named by a string) must therefore lie in a folder that is imported, or be named in `modules`.
    Packages inside a folder count only where they are imported; folders of data inside it always.

    Args:
        modules: Dotted names.
        root: Folder of the packages; by default where this one lies.

    Raises:
        ValueError: There is no such module.
    """
    root = root or ROOT
    for module in modules:
        if not _files(module, root):
            raise ValueError(f"There is no module {module!r} of {', '.join(PACKAGES)} in {root}.")
    pending, names, paths = set(modules), set[str](), set[pathlib.Path]()
    while pending:
        name = pending.pop()
        names.add(name)
        for path in set(_files(name, root)) - paths:
            paths.add(path)
            if path.suffix == ".py":
                pending |= imported_names(path.read_text(encoding="utf-8")) - names
    return sorted(paths)


@functools.cache
def imported_names(source: str) -> frozenset[str]:
    """Returns the dotted names that a module imports, inside functions too.

    Args:
        source: Text of the module. Of `from a import b` both a and a.b count: b may be a module.
    """
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(names)


def _files(name: str, root: pathlib.Path) -> list[pathlib.Path]:
    """Returns the files in the folder of a module, and the `__init__` files above; [] if none."""
    package, *_ = parts = name.split(".")
    if package not in PACKAGES:
        return []
    path = root.joinpath(*parts)
    if path.is_dir():
        folder = path
    elif path.with_suffix(".py").is_file():
        folder = path.parent
    else:
        return []
    above = [parent / "__init__.py" for parent in folder.parents if parent.is_relative_to(root)]
    return [*_own_files(folder), *(path for path in above if path.is_file())]


def _own_files(folder: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yields the sources in a folder, and in the folders of data inside it."""
    for path in folder.iterdir():
        if path.is_dir():
            if not (path / "__init__.py").exists():
                yield from _own_files(path)
        elif path.suffix in SUFFIXES:
            yield path


def git_revision(root: pathlib.Path | None = None) -> str:
    """Returns the commit of the checkout, "-dirty" after it if files differ; "" outside of git.

    Args:
        root: Folder of the checkout; by default this one's.
    """
    command = ["git", "-C", str(root or ROOT), "describe", "--always", "--exclude=*"]
    command += ["--abbrev=40", "--dirty"]
    try:
        process = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:  # git is not installed
        return ""
    return process.stdout.strip() if process.returncode == 0 else ""
