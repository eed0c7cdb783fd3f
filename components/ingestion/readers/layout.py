"""Which files of a folder hold the items, the users and the events."""

import dataclasses
import pathlib
from collections.abc import Iterable, Mapping

from components.ingestion.faults import REMEDY_OF_FILES, data_error, reason
from components.ingestion.readers.grouplens import layout as grouplens

TABLES = ("items", "users", "events")
EXTENSIONS = (".csv", ".csv.gz", ".parquet", ".jsonl", ".jsonl.gz")
REMEDY = (
    "Give a folder that holds items and events, and users if any, each a file or a folder of "
    f"{', '.join(EXTENSIONS)}; or the folder of an unpacked MovieLens release."
)


@dataclasses.dataclass(frozen=True)
class Layout:
    """The files of a data set."""

    name: str
    """For people: "ml-100k", "csv", "parquet", "csv and jsonl", …"""

    shards: Mapping[str, tuple[pathlib.Path, ...]]
    """Files of each table, sorted by name; of a release, the one file of each."""

    release: grouplens.Layout | None = None
    """Where the files are those of a MovieLens release."""

    warnings: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[pathlib.Path, ...]:
        """All files that are read."""
        return tuple(path for paths in self.shards.values() for path in paths)


def detect(folder: pathlib.Path) -> Layout:
    """Returns the layout of a folder; opens no file.

    Raises:
        DataErrors: The folder is missing, in no layout, or in two.
    """
    if not folder.is_dir():
        raise data_error("layout", folder, "no such folder", REMEDY)
    sources = {
        table: [path for path in _list(folder) if _table(path.name) == table] for table in TABLES
    }
    present = [path for paths in sources.values() for path in paths]
    if not present:
        return _of_release(grouplens.detect(folder))
    others = grouplens.ratings_files(folder)
    if others:
        names = ", ".join(path.name for path in (*present, *others))
        raise data_error(
            "layout", folder, f"files of several layouts: {names}", "Keep each in its own folder."
        )
    for table, paths in sources.items():
        if len(paths) > 1:
            raise data_error(
                "layout",
                folder,
                f"several sources of {table}: {', '.join(path.name for path in paths)}",
                "Keep one of them.",
            )
        if not paths and table != "users":
            found = ", ".join(path.name for path in present)
            raise data_error("layout", folder, f"no {table}; found {found}", REMEDY)
    warnings: list[str] = []
    shards = {table: _shards(path, warnings) for table, paths in sources.items() for path in paths}
    kinds = {path.name.removesuffix(".gz").rpartition(".")[2] for path in sum(shards.values(), ())}
    return Layout(" and ".join(sorted(kinds)), shards, warnings=tuple(warnings))


def is_source(name: str) -> bool:
    """Returns whether a file or folder of this name may belong to a layout."""
    return _table(name) is not None or name in grouplens.known_file_names()


def _list(folder: pathlib.Path) -> list[pathlib.Path]:
    """Returns what is in a folder, sorted by name.

    Raises:
        DataErrors: It may not be looked into.
    """
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise data_error(
            "unreadable", folder, f"can't be read: {reason(error)}", REMEDY_OF_FILES
        ) from error


def _table(name: str) -> str | None:
    """Returns the table that a file or folder of this name holds."""
    for table in TABLES:
        if name == table or name in (table + extension for extension in EXTENSIONS):
            return table
    return None


def _shards(source: pathlib.Path, warnings: list[str]) -> tuple[pathlib.Path, ...]:
    """Returns the files of a table, sorted by name.

    Raises:
        DataErrors: There are none, or of several formats.
    """
    if not source.is_dir():
        if source.suffix:
            return (source,)
        raise data_error("layout", source, "is a file without an extension", REMEDY)
    paths = []
    for path in _list(source):
        if path.name.startswith((".", "_")):  # such as Spark's _SUCCESS
            continue
        if path.is_dir():
            raise data_error(
                "layout", path, "a folder within a folder of shards", "Put the shards side by side."
            )
        if path.name.endswith(EXTENSIONS):
            paths.append(path)
        else:
            warnings.append(f"{path} is not read: it is none of {', '.join(EXTENSIONS)}.")
    if not paths:
        raise data_error("layout", source, "no shards in the folder", REMEDY)
    formats = {path.name.removesuffix(".gz").rpartition(".")[2] for path in paths}
    if len(formats) > 1:
        raise data_error(
            "layout", source, f"shards of several formats: {_join(formats)}", "Keep one format."
        )
    return tuple(paths)


def _of_release(release: grouplens.Layout) -> Layout:
    shards = {"items": (release.movies,), "events": (release.ratings,)}
    if release.users:
        shards["users"] = (release.users,)
    return Layout(release.name, shards, release)


def _join(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
