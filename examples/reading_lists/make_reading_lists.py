"""Makes the files of reading lists: readers with interests, and books with a vector of their text.

A reader's interest is a direction among texts, which moves slowly. The same seed makes the same
files.

    python examples/reading_lists/make_reading_lists.py --out data/reading_lists
"""

import argparse
import datetime
import json
import pathlib
from typing import Any

import numpy as np

READERS, BOOKS, ENTRIES = 800, 300, 15
TEXT = 32
SUBJECTS = ("birds", "bridges", "chess", "coffee", "glaciers", "lighthouses", "maps", "trains")
FORMS = ("A history of", "Letters on", "The atlas of", "The secret of", "Walks among")
LANGUAGES = ("de", "en", "pt")
FIRST = datetime.datetime(2022, 1, 1, tzinfo=datetime.timezone.utc)
DAYS = 700

Rows = list[dict[str, Any]]


def make(seed: int = 0, readers: int = READERS, books: int = BOOKS) -> dict[str, Rows]:
    """Returns the rows of the tables `items` and `events`.

    Args:
        seed: Of all that is random.
        readers: How many there are.
        books: How many there are.
    """
    rng = np.random.default_rng(seed)
    subject = rng.integers(len(SUBJECTS), size=books)
    meaning = rng.normal(size=(len(SUBJECTS), TEXT))
    text = meaning[subject] + rng.normal(0, 0.7, (books, TEXT))
    text /= np.linalg.norm(text, axis=1, keepdims=True)
    items = [
        {
            "isbn": f"{number * 7919 % 10**9:09}{'0123456789X'[number % 11]}",
            "title": f"{rng.choice(FORMS)} {SUBJECTS[subject[number]]}, vol. {number}",
            "language": str(rng.choice(LANGUAGES)),
            "published": f"{rng.integers(1950, 2022)}-{rng.integers(1, 13):02}-01",
            "embedding": text[number].round(4).tolist(),
        }
        for number in range(books)
    ]
    popularity = -0.5 * np.log(10 + rng.permutation(books))
    events: Rows = []
    for number in range(readers):
        interest = meaning[rng.integers(len(SUBJECTS))] + rng.normal(0, 0.5, TEXT)
        liking = popularity + 8 * (text @ interest) / np.linalg.norm(interest)
        size = rng.integers(3, 2 * ENTRIES - 2)
        chosen = np.argsort(-(liking + rng.gumbel(size=books)))[:size]
        seconds = np.sort(rng.choice(DAYS * 86_400, size, replace=False))
        for book, second in zip(rng.permutation(chosen), seconds, strict=True):
            added = FIRST + datetime.timedelta(seconds=int(second))
            events.append(
                {
                    "reader": f"reader-{number:04}",
                    "isbn": items[book]["isbn"],
                    "added": added.isoformat(),
                }
            )
    return {"items": items, "events": events}


def write(tables: dict[str, Rows], out: pathlib.Path) -> None:
    """Writes each table as a file of JSON lines into a folder, which is made."""
    out.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        with (out / f"{name}.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)


def main() -> None:
    """Makes the files that the command line asks for."""
    parser = argparse.ArgumentParser(description="Makes the files of reading lists.")
    parser.add_argument("--out", type=pathlib.Path, required=True, metavar="FOLDER")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    write(make(arguments.seed), arguments.out)


if __name__ == "__main__":
    main()
