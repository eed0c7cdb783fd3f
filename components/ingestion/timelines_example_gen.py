"""Ingests events as timelines: one `tf.Example` per user in each of train, eval and test."""

import dataclasses
import pathlib

from absl import logging
from tfx import types
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.orchestration.data_types import RuntimeParameter

from components.ingestion import as_of as moments
from components.ingestion import forgotten, tables
from components.ingestion.example_gen import FolderExampleGen, FolderExecutor, Ingested
from components.ingestion.settings import (
    AS_OF,
    CODE_VERSION,
    DEFINITION,
    FORGOTTEN,
    SPLIT,
    Settings,
)
from components.ingestion.spans import NEWEST
from components.ingestion.splits import (
    SPLITS,
    SplitConfig,
    leave_last_out,
    split_events,
    users_of_one_moment,
)
from components.ingestion.timelines import order_users, timeline_examples
from transform import features
from transform.definition import Definition

USERS_OF_ONE_MOMENT = "users_of_one_moment"  # custom property of Examples


class Executor(FolderExecutor):
    """Reads, checks and splits the events of a folder."""

    SPLITS = SPLITS

    @staticmethod
    def ingest(folder: pathlib.Path, definition: Definition, settings: Settings) -> Ingested:
        """Returns every timeline.

        Args:
            folder: Holds the files.
            definition: Of the data set.
            settings: A `SplitConfig` as a dictionary, under `split`; under `forgotten`, who is left
                out; under `as_of`, from when the data is looked at.

        Raises:
            DataErrors: A file is not sound, or does not fit the others.
            ValueError: All users are left out.
        """
        config = SplitConfig(**settings[SPLIT])
        as_of = moments.seconds(settings[AS_OF])
        whole = tables.read(folder, definition, as_of=as_of)
        read = forgotten.leave_out(whole, forgotten.from_json(settings[FORGOTTEN]))
        if left_out := whole.events.num_rows - read.events.num_rows:
            logging.info("%d events of forgotten users are left out.", left_out)
        users = order_users(read.events)
        time = read.events.column(features.TIME).to_numpy()
        split = split_events(users.code, time, config)
        logging.info(
            "%d events of %d users, %d %s listed (%s); labels: %s.",
            read.events.num_rows,
            len(split.users),
            read.items.num_rows,
            definition.item.nouns,
            read.layout,
            ", ".join(f"{len(split.labels(name).rows)} in {name}" for name in SPLITS),
        )
        counts = {}
        if as_of is not None:
            counts[features.SET_ASIDE] = whole.set_aside
            logging.info(
                "%d events later than %s are set aside.", whole.set_aside, moments.shown(as_of)
            )
        if config.method == leave_last_out.__name__:
            counts[USERS_OF_ONE_MOMENT] = _tell_users_of_one_moment(
                users_of_one_moment(split, time), len(split.users)
            )
        return Ingested(timeline_examples(read, definition, users.ids, split), counts)


class TimelinesExampleGen(FolderExampleGen):
    """Publishes the timelines of all users, split into `train`, `eval` and `test`."""

    EXECUTOR_SPEC = BeamExecutorSpec(Executor)

    def __init__(
        self,
        input_base: str | RuntimeParameter,
        definition: str,
        split: SplitConfig,
        code_version: str = "",
        span: str | RuntimeParameter = NEWEST,
        items: types.BaseChannel | None = None,
        as_of: str | RuntimeParameter = "",
        serving_base: str | RuntimeParameter = "",
    ) -> None:
        """Creates the component.

        Args:
            input_base: The folder of the files, or a pattern of folders.
            definition: JSON of the definition of the data set.
            split: How events are held out.
            code_version: Hash of the code that runs; a part of the cache key.
            span: Which folder, where `input_base` is a pattern.
            items: The catalogue, so that the events are of the same span.
            as_of: Moment that the data is looked at from, if one is stated.
            serving_base: Folder of the versions; who is on the list beside it is left out.
        """
        settings = {
            DEFINITION: definition,
            SPLIT: dataclasses.asdict(split),
            CODE_VERSION: code_version,
        }
        super().__init__(input_base, span, SPLITS, settings, items, as_of, serving_base)


def _tell_users_of_one_moment(count: int, users: int) -> int:
    """Returns the count, after a word in the log if there are any."""
    if count:
        logging.warning(
            "%d of %d users have all their events at the same time: which one is held out as "
            "their last is decided by the order of the files.",
            count,
            users,
        )
    return count
