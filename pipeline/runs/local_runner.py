"""Local runner: TFX's launcher, a component at a time, with Beam in process and SQLite.

TFX's LocalDagRunner does the same and says nothing; this one tells its caller when a component
starts and ends, and whether its result came from the cache.
"""

import pathlib
import time
from collections.abc import Callable, Collection

import absl.logging
import ml_metadata
from ml_metadata.proto import metadata_store_pb2
from tfx import v1 as tfx
from tfx.dsl.compiler import compiler, constants
from tfx.orchestration import metadata
from tfx.orchestration.local import runner_utils
from tfx.orchestration.portable import launcher, runtime_parameter_utils
from tfx.proto.orchestration import pipeline_pb2

from pipeline.runs import interrupts, metadata_store

OnStart = Callable[[str], None]
OnEnd = Callable[[str, float, bool], None]


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
        RuntimeError: A component did not run, for lack of its inputs.
        ValueError: The metadata store can't be used.
        KeyboardInterrupt: Somebody pressed Ctrl-C; if what ran then dropped the exception, it is
            raised before the next component.
    """
    connection = metadata_store.connection(metadata_path)
    graph = compile_graph(pipeline, connection, run_id, never_reused)
    absl.logging.set_verbosity(absl.logging.INFO)  # TFX logs what it does at this level
    with interrupts.remember() as raise_if_interrupted:
        for node in graph.nodes:
            raise_if_interrupted()
            node_id = node.pipeline_node.node_info.id
            absl.logging.info("Component %s is running.", node_id)
            on_start(node_id)
            began = time.monotonic()
            with metadata_store.told_of(metadata_path):
                cached = launch(graph, node.pipeline_node, connection)
            on_end(node_id, time.monotonic() - began, cached)
            absl.logging.info("Component %s is finished.", node_id)
        raise_if_interrupted()


def compile_graph(
    pipeline: tfx.dsl.Pipeline,
    connection: metadata_store_pb2.ConnectionConfig,
    run_id: str,
    never_reused: Collection[str],
) -> pipeline_pb2.Pipeline:
    """Returns the graph as TFX's launcher takes it, its nodes in the order of the data.

    Args:
        pipeline: The graph.
        connection: Connection to ML Metadata.
        run_id: Name of the run in ML Metadata.
        never_reused: Ids of the nodes whose cache is off.
    """
    pipeline.metadata_connection_config = connection
    graph = compiler.Compiler().compile(pipeline)
    runtime_parameter_utils.substitute_runtime_parameter(
        graph, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: run_id}
    )
    for node in graph.nodes:
        if node.pipeline_node.node_info.id in never_reused:
            node.pipeline_node.execution_options.caching_options.enable_cache = False
    return graph


def launch(
    graph: pipeline_pb2.Pipeline,
    node: pipeline_pb2.PipelineNode,
    connection: metadata_store_pb2.ConnectionConfig,
) -> bool:
    """Runs a component, and returns whether an earlier result was reused.

    Args:
        graph: The compiled graph.
        node: One of its nodes.
        connection: Connection to ML Metadata.

    Raises:
        Exception: Whatever the component raises.
        RuntimeError: It did not run: the launcher logs that its inputs are missing, and returns.
    """
    deployment = runner_utils.extract_local_deployment_config(graph)
    node_id = node.node_info.id
    info = launcher.Launcher(
        pipeline_node=node,
        mlmd_connection=metadata.Metadata(connection),
        pipeline_info=graph.pipeline_info,
        pipeline_runtime_spec=graph.runtime_spec,
        executor_spec=runner_utils.extract_executor_spec(deployment, node_id),
        custom_driver_spec=runner_utils.extract_custom_driver_spec(deployment, node_id),
    ).launch()
    state = execution_state(connection, info.execution_id if info else None)
    if state not in (metadata_store_pb2.Execution.COMPLETE, metadata_store_pb2.Execution.CACHED):
        raise RuntimeError(f"{node_id} did not run: its inputs are missing; the log says which.")
    return bool(state == metadata_store_pb2.Execution.CACHED)


def execution_state(
    connection: metadata_store_pb2.ConnectionConfig, execution_id: int | None
) -> "metadata_store_pb2.Execution.State.ValueType":
    """Returns the last known state of an execution; UNKNOWN where there is none."""
    if execution_id is None:
        return metadata_store_pb2.Execution.UNKNOWN
    (execution,) = ml_metadata.MetadataStore(connection).get_executions_by_id([execution_id])
    return execution.last_known_state
