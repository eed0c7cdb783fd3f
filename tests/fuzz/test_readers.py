"""Readers of damaged files: whatever the bytes are, the only errors are those that tell of them."""

import gc
import gzip
import io
import math
import random

import pytest

from components.ingestion import guess, tables
from components.ingestion.faults import DataErrors
from components.ingestion.splits import SplitConfig, split_events
from components.ingestion.timelines import item_examples, order_users, timeline_examples
from support import generated_movielens, generated_shop, mutations
from transform import datasets, features

LONGEST = 4_000  # characters of a message that tells of one kind of fault


def write_release(layout):
    return lambda folder: generated_movielens.write_checkerboard(
        folder, layout=layout, users=3, movies=5
    )


def write_shop(extension):
    return lambda folder: generated_shop.write_shop(folder, extension)


MOVIELENS = datasets.load(datasets.MOVIELENS)
LAYOUTS = {
    **{
        f"movielens-{name}": (write_release(name), MOVIELENS)
        for name in generated_movielens.LAYOUTS
    },
    **{
        f"shop-{name}": (write_shop(name), generated_shop.shop()) for name in generated_shop.FORMATS
    },
}


def damage(path, rng):
    """Writes a file anew with some damage: to what is packed, or to the packed bytes."""
    content = path.read_bytes()
    if path.suffix == ".gz" and rng.random() < 0.8:
        buffer = io.BytesIO()
        with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as file:
            file.write(mutations.mutate(gzip.decompress(content), rng))
        path.write_bytes(buffer.getvalue())
    else:
        path.write_bytes(mutations.mutate(content, rng))


def make_examples(read, definition):
    """Makes the examples of what was read, as the ExampleGens do."""
    users = order_users(read.events)
    time = read.events.column(features.TIME).to_numpy()
    split = split_events(users.code, time, SplitConfig())
    list(timeline_examples(read, definition, users.ids, split))
    list(item_examples(read.items, definition))


@pytest.fixture(autouse=True)
def skip_what_is_loaded():
    """Hides what is loaded from pyarrow, which looks through all objects at every error."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_whatever_the_bytes_are_errors_tell_of_the_data(tmp_path, layout, fuzz_cases):
    write, definition = LAYOUTS[layout]
    sound = {path.name: path.read_bytes() for path in write(tmp_path).iterdir()}
    for case in range(math.ceil(fuzz_cases / len(LAYOUTS))):
        rng = random.Random(f"{layout} {case}")
        for name, content in sound.items():
            (tmp_path / name).write_bytes(content)
        damage(tmp_path / rng.choice(sorted(sound)), rng)

        report = tables.check(tmp_path, definition, generated_shop.NOW)

        for fault in report.faults:
            assert len(str(fault)) < LONGEST, (case, str(fault))
            assert fault.remedy.endswith((".", "?")), (case, str(fault))
            assert str(tmp_path) in str(fault), (case, str(fault))
        if report.ok:
            make_examples(tables.read(tmp_path, definition, generated_shop.NOW), definition)
        if definition is not MOVIELENS:
            try:
                guess.guess(tmp_path)
            except DataErrors as error:
                assert len(str(error)) < LONGEST, case
