"""Artifacts of a run, as ML Metadata recorded them."""

import pathlib

import ml_metadata
from ml_metadata.proto import metadata_store_pb2

from pipeline.runs import metadata_store


def outputs(
    metadata_path: pathlib.Path, run_id: str
) -> dict[str, dict[str, metadata_store_pb2.Artifact]]:
    """Returns the artifacts of a run by node id and output name, reused ones included.

    Args:
        metadata_path: SQLite file of ML Metadata.
        run_id: Name of the run.

    Raises:
        KeyError: There is no run of that name.
        ValueError: The store can't be used; the message names its file and what to do.
    """
    store = ml_metadata.MetadataStore(metadata_store.connection(metadata_path))
    context = store.get_context_by_type_and_name("pipeline_run", run_id)
    if context is None:
        raise KeyError(f"No run {run_id!r} in {metadata_path}.")
    by_node: dict[str, dict[str, metadata_store_pb2.Artifact]] = {}
    for execution in store.get_executions_by_context(context.id):
        node = next(
            other.name.split(".", 1)[1]
            for other in store.get_contexts_by_execution(execution.id)
            if other.type == "node"
        )
        events = [
            event
            for event in store.get_events_by_execution_ids([execution.id])
            if event.type == metadata_store_pb2.Event.OUTPUT
        ]
        artifacts = store.get_artifacts_by_id([event.artifact_id for event in events])
        for event, artifact in zip(events, artifacts, strict=True):
            by_node.setdefault(node, {})[event.path.steps[0].key] = artifact
    return by_node
