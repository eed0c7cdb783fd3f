"""Which files a GroupLens release consists of and how they are written."""

import dataclasses
import pathlib

from components.ingestion.faults import data_error


@dataclasses.dataclass(frozen=True)
class Layout:
    """The files of one release in one folder."""

    name: str
    """`ml-100k`, `ml-1m`, `ml-10m` or `csv` (latest, 20M, 25M and 32M)."""

    ratings: pathlib.Path
    """One line per rating: user, movie, stars, seconds."""

    movies: pathlib.Path
    """One line per movie."""

    users: pathlib.Path | None
    """One line per user, where the release says who its users are."""

    ratings_delimiter: str
    """What separates the columns of `ratings`."""

    delimiter: str
    """What separates the columns of `movies` and `users`."""

    encoding: str
    """How the text of `movies` and `users` is encoded."""

    aliases: dict[str, str] = dataclasses.field(default_factory=dict)
    """Names in the header of columns that readers call otherwise; empty without a header."""

    @property
    def files(self) -> tuple[pathlib.Path, ...]:
        """All files of the release that are read."""
        return tuple(path for path in (self.ratings, self.movies, self.users) if path is not None)


def ml_100k(folder: pathlib.Path) -> Layout:
    """Returns the layout of ml-100k."""
    return Layout(
        name="ml-100k",
        ratings=folder / "u.data",
        movies=folder / "u.item",
        users=folder / "u.user",
        ratings_delimiter="\t",
        delimiter="|",
        encoding="latin-1",
    )


def ml_1m(folder: pathlib.Path) -> Layout:
    """Returns the layout of ml-1m."""
    return Layout(
        name="ml-1m",
        ratings=folder / "ratings.dat",
        movies=folder / "movies.dat",
        users=folder / "users.dat",
        ratings_delimiter="::",
        delimiter="::",
        encoding="latin-1",
    )


def ml_10m(folder: pathlib.Path) -> Layout:
    """Returns the layout of ml-10m: ml-1m's, without users and in UTF-8."""
    return dataclasses.replace(ml_1m(folder), name="ml-10m", users=None, encoding="utf-8")


def csv(folder: pathlib.Path) -> Layout:
    """Returns the layout of ml-latest, ml-20m, ml-25m and ml-32m."""
    return Layout(
        name="csv",
        ratings=folder / "ratings.csv",
        movies=folder / "movies.csv",
        users=None,
        ratings_delimiter=",",
        delimiter=",",
        encoding="utf-8",
        aliases={"user_id": "userId", "movie_id": "movieId"},
    )


def known_file_names() -> set[str]:
    """Returns the names of the files that some layout reads."""
    layouts = (ml_100k, ml_1m, ml_10m, csv)
    return {path.name for layout in layouts for path in layout(pathlib.Path()).files}


def ratings_files(folder: pathlib.Path) -> tuple[pathlib.Path, ...]:
    """Returns the ratings files of a folder, one of each layout."""
    names = (ml_100k(folder), ml_1m(folder), csv(folder))
    return tuple(layout.ratings for layout in names if layout.ratings.exists())


def detect(folder: str | pathlib.Path) -> Layout:
    """Returns the layout of the release that lies in a folder.

    The ratings file decides; `ratings.dat` is ml-1m's with a `users.dat` beside it, else ml-10m's.

    Args:
        folder: The unpacked release: the folder that holds the files themselves.

    Raises:
        DataErrors: The folder is missing, holds no ratings file or several of different layouts,
            or lacks another file of its layout.
    """
    folder = pathlib.Path(folder)
    if not folder.is_dir():
        raise data_error(
            "layout", folder, "no such folder", "Give the folder of an unpacked release."
        )
    dat = ml_1m if (folder / "users.dat").exists() else ml_10m
    layouts = [layout(folder) for layout in (ml_100k, dat, csv)]
    present = [layout for layout in layouts if layout.ratings.exists()]
    if not present:
        wanted = ", ".join(layout.ratings.name for layout in layouts)
        found = ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"
        raise data_error(
            "layout",
            folder,
            f"neither items and events nor a ratings file of MovieLens ({wanted}); found {found}",
            "Give the folder that holds the files themselves: items and events, and users if any, "
            "as CSV, Parquet or JSON lines, each a file or a folder of shards.",
        )
    if len(present) > 1:
        raise data_error(
            "layout",
            folder,
            "ratings files of several layouts: "
            + ", ".join(layout.ratings.name for layout in present),
            "Keep each release in a folder of its own.",
        )
    layout = present[0]
    for path in layout.files:
        if not path.is_file():
            raise data_error(
                "layout",
                path,
                "is a folder" if path.is_dir() else f"missing, but {layout.name} has it",
                "Unpack the release anew.",
            )
    return layout
