"""Runs the graph on this machine: LocalDagRunner, Beam in process, ML Metadata in SQLite.

The caller hears one event a component.
"""

import logging
import pathlib
import re
import time
from collections.abc import Callable, Collection

import absl.logging
from ml_metadata.proto import metadata_store_pb2
from tfx import v1 as tfx
from tfx.dsl.compiler import compiler, constants
from tfx.orchestration import metadata
from tfx.orchestration.portable import runtime_parameter_utils

from pipeline.runs import interrupts

MILESTONE = re.compile(r"^Component (?P<node>\S+) is (?P<what>running|finished)\.$")
CACHED = re.compile(r"^A cached execution \d+ is used\.$")

OnStart = Callable[[str], None]
OnEnd = Callable[[str, float, bool], None]


def sqlite(path: pathlib.Path) -> metadata_store_pb2.ConnectionConfig:
    """Returns the connection to the ML Metadata store in a file, which is made if missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return metadata.sqlite_metadata_connection_config(str(path))


def run(
    pipeline: tfx.dsl.Pipeline,
    metadata_path: pathlib.Path,
    run_id: str,
    on_start: OnStart = lambda node: None,
    on_end: OnEnd = lambda node, seconds, cached: None,
    never_reused: Collection[str] = (),
) -> None:
    """Runs every component of the graph in order.

    Args:
        pipeline: The graph.
        metadata_path: SQLite file of ML Metadata.
        run_id: Name of the run in ML Metadata.
        on_start: Called with a component's id when it starts.
        on_end: Called with its id, its seconds, and whether an earlier result was reused.
        never_reused: Components that run anew each time, whatever the cache holds.

    Raises:
        Exception: Whatever a component raises; the components after it did not run.
        KeyboardInterrupt: Somebody pressed Ctrl-C; if what ran then dropped the exception, it is
            raised before the next component.
    """
    pipeline.metadata_connection_config = sqlite(metadata_path)
    graph = compiler.Compiler().compile(pipeline)
    runtime_parameter_utils.substitute_runtime_parameter(
        graph, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: run_id}
    )
    for node in graph.nodes:
        if node.pipeline_node.node_info.id in never_reused:
            node.pipeline_node.execution_options.caching_options.enable_cache = False
    absl.logging.set_verbosity(absl.logging.INFO)  # milestones are told at this level
    logger = logging.getLogger("absl")
    with interrupts.remembered() as stop_if_interrupted:

        def start(node: str) -> None:
            stop_if_interrupted()
            on_start(node)

        listener = _Milestones(start, on_end)
        logger.addHandler(listener)
        try:
            tfx.orchestration.LocalDagRunner().run_with_ir(graph)
        finally:
            logger.removeHandler(listener)
        stop_if_interrupted()


class _Milestones(logging.Handler):
    """Hears from TFX's log which component runs: the runner offers no other way."""

    def __init__(self, on_start: OnStart, on_end: OnEnd) -> None:
        super().__init__()
        self._on_start = on_start
        self._on_end = on_end
        self._began = 0.0
        self._cached = False

    def emit(self, record: logging.LogRecord) -> None:
        """Reports a component's start or end."""
        message = record.getMessage()
        self._cached |= bool(CACHED.match(message))
        milestone = MILESTONE.match(message)
        if not milestone:
            return
        if milestone["what"] == "running":
            self._began, self._cached = time.monotonic(), False
            self._on_start(milestone["node"])
        else:
            self._on_end(milestone["node"], time.monotonic() - self._began, self._cached)
