"""What a run made, read from ML Metadata that a run wrote."""

import pytest
from tfx import v1 as tfx

from pipeline.runs import lineage, local_runner


@tfx.dsl.components.component
def Make(  # noqa: N802
    text: tfx.dsl.components.Parameter[str],
    model: tfx.dsl.components.OutputArtifact[tfx.types.standard_artifacts.Model],
) -> None:
    with open(f"{model.uri}.txt", "w") as file:
        file.write(text)
    model.set_string_custom_property("text", text)


@tfx.dsl.components.component
def Fail() -> None:  # noqa: N802
    raise RuntimeError("out of luck")


class Runner:
    def __init__(self, folder):
        self.metadata = folder / "metadata.sqlite"
        self.root = str(folder / "artifacts")
        self.events = []

    def run(self, run_id, *components, **options):
        pipeline = tfx.dsl.Pipeline(
            "test", self.root, components=list(components), enable_cache=True
        )
        local_runner.run(
            pipeline,
            self.metadata,
            run_id,
            on_start=lambda node: self.events.append(f"{node} starts"),
            on_end=lambda node, seconds, cached: self.events.append(
                f"{node} {'reused' if cached else 'made'}"
            ),
            **options,
        )


@pytest.fixture
def runner(tmp_path):
    return Runner(tmp_path)


def test_outputs_by_node_and_name_reused_ones_included(runner):
    runner.run("first", Make(text="a"))
    runner.run("second", Make(text="a"))
    first, second = (lineage.outputs(runner.metadata, name) for name in ("first", "second"))
    assert first["Make"]["model"].custom_properties["text"].string_value == "a"
    assert second["Make"]["model"].uri == first["Make"]["model"].uri
    assert runner.events == ["Make starts", "Make made", "Make starts", "Make reused"]


def test_what_is_never_reused_runs_anew(runner):
    runner.run("first", Make(text="a"))
    runner.run("second", Make(text="a"), never_reused=["Make"])
    assert runner.events[-1] == "Make made"
    uris = {
        lineage.outputs(runner.metadata, name)["Make"]["model"].uri for name in ("first", "second")
    }
    assert len(uris) == 2


def test_failure_is_told_and_what_was_made_before_it_is_found(runner):
    fail = Fail()
    make = Make(text="a")
    fail.add_upstream_node(make)
    with pytest.raises(RuntimeError, match="out of luck"):
        runner.run("first", make, fail)
    assert set(lineage.outputs(runner.metadata, "first")) == {"Make"}
    assert runner.events == ["Make starts", "Make made", "Fail starts"]


def test_no_such_run(runner):
    runner.run("first", Make(text="a"))
    with pytest.raises(KeyError, match="No run 'other'"):
        lineage.outputs(runner.metadata, "other")
