"""The record of a run is written however the run ends."""

import signal

import pytest

from pipeline.config import PipelineConfig, output_paths
from pipeline.runs import progress, recorded_run, records


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Returns a function that runs something in the graph's place, and the record it leaves."""

    def run(graph, raises):
        output = tmp_path / "my runs #1 ä"
        paths = output_paths(output)
        config = PipelineConfig(
            name="test",
            data=str(tmp_path),
            pipeline_root=str(paths["pipeline_root"]),
            serving_base=str(paths["serving_base"]),
        )
        monkeypatch.setattr(recorded_run, "_run_graph", lambda *arguments: graph())
        with (tmp_path / "terminal").open("w") as stream, pytest.raises(raises):
            recorded_run.run_and_record(config, "ml-100k", paths, progress.Lines(stream), None)
        (record,) = records.read_all(output)
        return record

    return run


def test_a_terminated_run_is_interrupted(run):
    record = run(lambda: signal.raise_signal(signal.SIGTERM), KeyboardInterrupt)
    assert (record.status, record.reasons) == ("interrupted", ["Interrupted by SIGTERM."])


def test_a_failed_run_says_why_and_with_which_settings(run):
    def fail():
        raise recorded_run.ComponentError("Canary failed: out of luck")

    record = run(fail, recorded_run.ComponentError)
    assert (record.status, record.reasons) == ("failed", ["Canary failed: out of luck"])
    assert record.settings["gates.max_drop"] == 0.1
