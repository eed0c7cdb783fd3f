"""The local runner: one event a component, learnt from the launcher and ML Metadata."""

import logging
import os
import signal

import pytest
from ml_metadata.proto import metadata_store_pb2
from tfx import v1 as tfx

from pipeline.runs import local_runner, metadata_store

Execution = metadata_store_pb2.Execution


@tfx.dsl.components.component
def Make(  # noqa: N802
    text: tfx.dsl.components.Parameter[str],
    model: tfx.dsl.components.OutputArtifact[tfx.types.standard_artifacts.Model],
) -> None:
    model.set_string_custom_property("text", text)


@tfx.dsl.components.component
def Use(  # noqa: N802
    model: tfx.dsl.components.InputArtifact[tfx.types.standard_artifacts.Model],
) -> None:
    assert model.uri


class Interrupted:
    """Its destructor is where Ctrl-C arrives: Python prints the exception and goes on."""

    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)


@tfx.dsl.components.component
def Drop() -> None:  # noqa: N802
    Interrupted()


@pytest.fixture
def run(tmp_path):
    """Returns a function that runs components, and returns the events."""

    def run(run_id, *components, **options):
        events = []
        pipeline = tfx.dsl.Pipeline(
            "test", str(tmp_path / "artifacts"), components=list(components), enable_cache=True
        )
        try:
            local_runner.run(
                pipeline,
                tmp_path / "metadata.sqlite",
                run_id,
                on_start=lambda node: events.append(node),
                on_end=lambda node, seconds, cached: events.append((node, seconds, cached)),
                **options,
            )
        finally:
            run.events = events
        return events

    return run


def test_an_end_tells_seconds_and_whether_the_result_was_reused(run):
    for run_id, reused in (("first", False), ("second", True)):
        start, (node, seconds, cached) = run(run_id, Make(text="a"))
        assert (start, node, cached) == ("Make", "Make", reused)
        assert 0 < seconds < 60


def test_components_run_in_the_order_of_the_data(run):
    make = Make(text="a")
    use = Use(model=make.outputs["model"])
    assert [event for event in run("first", use, make) if isinstance(event, str)] == ["Make", "Use"]


def test_one_changed_component_runs_again_with_what_depends_on_it(run):
    def graph(text):
        make, other = Make(text=text), Make(text="other").with_id("Other")
        return make, other, Use(model=make.outputs["model"])

    run("first", *graph("a"))
    events = run("second", *graph("b"))
    assert {event[0]: event[2] for event in events if isinstance(event, tuple)} == {
        "Make": False,
        "Other": True,
        "Use": False,
    }


def test_the_log_tells_what_runs(run, caplog):
    logging.getLogger("absl").addHandler(caplog.handler)
    try:
        run("first", Make(text="a"))
    finally:
        logging.getLogger("absl").removeHandler(caplog.handler)
    messages = [record.getMessage() for record in caplog.records]
    assert messages.index("Component Make is running.") < messages.index(
        "Component Make is finished."
    )
    assert any(message.startswith("Going to run a new execution") for message in messages)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_ctrl_c_that_python_dropped_stops_the_run_before_the_next_component(run):
    drop, make = Drop(), Make(text="a")
    make.add_upstream_node(drop)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            run("first", drop, make)
    finally:
        signal.signal(signal.SIGINT, before)
    assert [event for event in run.events if isinstance(event, str)] == ["Drop"]


def test_a_component_whose_inputs_are_missing_is_an_error(tmp_path):
    make = Make(text="a")
    use = Use(model=make.outputs["model"])
    connection = metadata_store.connection(tmp_path / "metadata.sqlite")
    graph = local_runner.compile_graph(
        tfx.dsl.Pipeline("test", str(tmp_path / "artifacts"), components=[make, use]),
        connection,
        "first",
        never_reused=(),
    )
    node = next(n.pipeline_node for n in graph.nodes if n.pipeline_node.node_info.id == "Use")
    with pytest.raises(RuntimeError, match="Use did not run: its inputs are missing"):
        local_runner.launch(graph, node, connection)


def test_no_execution_has_no_known_state(tmp_path):
    connection = metadata_store.connection(tmp_path / "metadata.sqlite")
    assert local_runner.execution_state(connection, None) == Execution.UNKNOWN
