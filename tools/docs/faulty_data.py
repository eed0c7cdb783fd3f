"""Files with one fault each, and what `movielens check` says of them: a part of the reference.

A small shop is sound; each example below changes one of its files.
"""

import gzip
import pathlib
import tempfile
from collections.abc import Mapping

from components.ingestion import tables
from transform.definition import Definition, Event, Item, Moment, User
from transform.kinds import Categories, Category, Number, Time, Vector, Words

DEFINITION = Definition(
    name="shop",
    item=Item(
        id="sku",
        title="name",
        features={
            "brand": Category(required=True),
            "tags": Categories(values=("red", "blue")),
            "words": Words(column="text"),
            "price": Number(min=0),
            "released": Time(unit="iso"),
            "image": Vector(size=2),
        },
    ),
    user=User(id="customer", features={"country": Category()}),
    event=Event(
        user="customer",
        item="sku",
        time=Moment("ts"),
        features={"type": Category(values=("view", "cart", "purchase"))},
        keep={"type": ("view", "purchase")},
        repeats="refuse",
        weight="quantity",
    ),
)
NOW = 1_767_225_600  # 2026-01-01
ITEMS, USERS, EVENTS = "items.csv", "users.csv", "events.csv"
SOUND = {
    ITEMS: (
        "sku,name,brand,tags,text,price,released,image\n"
        "007,Lamp,Lux,red,A red lamp,19.90,2024-05-01,0.5 1\n"
        "42,Chair,Sit,blue,A blue chair,80,2024-05-02,1 0\n"
    ),
    USERS: "customer,country\nann,DE\nbob,FR\n",
    EVENTS: (
        "customer,sku,ts,type,quantity\nann,007,1714521600,view,1\nbob,42,1714521601,purchase,2\n"
    ),
}
CHANGES: tuple[tuple[str, str, str], ...] = (
    (ITEMS, "sku,name,brand", "sku,name,name"),
    (ITEMS, "price,", "cost,"),
    (ITEMS, "0.5 1\n", "0.5 1,red\n"),
    (ITEMS, "Lamp", '"Lamp'),
    (ITEMS, "007,Lamp", ",Lamp"),
    (ITEMS, "007,Lamp", '"00\n7",Lamp'),
    (ITEMS, "42,Chair", "4.2E+10,Chair"),
    (ITEMS, "42,Chair", "007,Chair"),
    (ITEMS, "Lamp,", ","),
    (ITEMS, "Lux", ""),
    (ITEMS, ",red,", ",green,"),
    (ITEMS, "19.90", "cheap"),
    (ITEMS, "19.90", '"19,90"'),
    (ITEMS, "19.90", '"1,019.90"'),
    (ITEMS, "19.90", "1\u00a0019"),
    (ITEMS, "19.90", "١٩"),
    (ITEMS, "19.90", "n/a"),
    (ITEMS, "19.90", "-1"),
    (ITEMS, "2024-05-01", "1 May 2024"),
    (ITEMS, "0.5 1\n", "0.5\n"),
    (ITEMS, "0.5 1\n", "left right\n"),
    (ITEMS, "Lamp", "L\udce4mp"),
    (ITEMS, "\n", "\r"),
    (EVENTS, "1714521600", "1714521600000"),
    (EVENTS, "1714521600", "2714521600"),
    (EVENTS, "1714521600", "86400"),
    (EVENTS, "view", "look"),
    (EVENTS, "view,1", "view,0"),
    (EVENTS, "ann,007", "ann,7"),
    (EVENTS, "ann,007", "amy,007"),
    (EVENTS, "bob,42", "bob,42.0"),
    (EVENTS, "bob,42", "ann,007"),
)
"""File, text in it, and what stands there instead: each makes a fault of its own."""


OTHER_FORMATS: tuple[dict[str, bytes | None], ...] = (
    {"events.csv.gz": gzip.compress(SOUND[EVENTS].encode(), mtime=0)[:40]},
    {"events.csv.gz": b"customer,sku"},
    {"events.jsonl": b'{"customer": "ann", sku: 7}\n'},
    {"events.parquet": b"no such format"},
    {"events.csv": SOUND[EVENTS].replace("view", "cart").replace("purchase", "cart").encode()},
    {"items.jsonl": b'{"sku": "007", "name": "Lamp", "brand": "Lux", "price": [19.9]}\n'},
    {"users.csv": b"customer,country\n"},
    {"users.csv": None},
    {"users.xlsx": b"PK"},
    {"events.xlsx": b"PK"},
)
"""Files by name that stand for those of the same table; None: gone by the time it is read."""


def messages() -> list[tuple[str, str]]:
    """Returns each kind of fault with what `check` says of an example, by the alphabet."""
    replacements = [
        {name: SOUND[name].replace(old, new).encode(errors="surrogateescape")}
        for name, old, new in CHANGES
    ]
    told: dict[str, str] = {}
    for files in [*replacements, *OTHER_FORMATS]:
        told = {**_check(files), **told}
    return sorted(told.items())


def _check(files: Mapping[str, bytes | None]) -> dict[str, str]:
    """Returns the kinds of fault in the shop with the files of some tables replaced.

    Args:
        files: Content by name.
    """
    replaced = {name.partition(".")[0] for name in files}
    kept = {
        name: text.encode()
        for name, text in SOUND.items()
        if name.partition(".")[0] not in replaced
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, content in {**kept, **files}.items():
            if content is None:
                pathlib.Path(folder, name).symlink_to("nowhere")
            else:
                pathlib.Path(folder, name).write_bytes(content)
        report = tables.check(pathlib.Path(folder), DEFINITION, NOW)
        return {
            fault.kind: f"{fault.examples[0]}. {fault.remedy}".replace(f"{folder}/", "").replace(
                folder, "data/shop"
            )
            for fault in report.faults
        }
