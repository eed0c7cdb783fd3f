"""Run of a graph with a line a component, whose record is written however it ends."""

import json
import pathlib
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

from pipeline import nodes
from pipeline.config import PipelineConfig
from pipeline.monitoring import cause
from pipeline.monitoring.webhook import Webhook
from pipeline.runs import in_use, interrupts, metadata_store, outcome, run_ids, tensorboard_folder
from pipeline.runs.progress import Lines, of_training, output_to
from pipeline.runs.records import BLESSED, FAILED, INTERRUPTED, NOT_BLESSED, RunRecord
from pipeline.runs.usage import cpu_seconds, peak_gigabytes
from pipeline.settings import changes
from transform import features

ENDED = (BLESSED, NOT_BLESSED)


class ComponentError(ValueError):
    """A component failed; the message says which, why, and where the whole trace is."""

    def __init__(self, message: str, node: str = "") -> None:
        """Names the component, as `pipeline.nodes` does."""
        super().__init__(message)
        self.node = node


def run_and_record(
    config: PipelineConfig,
    preset: str,
    paths: dict[str, pathlib.Path],
    terminal: Lines,
    create: Callable[[PipelineConfig], Any],
    webhook: Webhook | None = None,
) -> RunRecord:
    """Runs a graph, writes the run's record however it ends, and tells whoever wants to know.

    Args:
        config: What the run does.
        preset: Name of the preset that the configuration started from, for the record.
        paths: Paths under the output folder, as `output_paths` returns them.
        terminal: What people look at.
        create: Returns the graph of a configuration.
        webhook: Who is told, if anybody is.

    Returns:
        The record, as it was written.

    Raises:
        ComponentError: A component failed.
        KeyboardInterrupt: Somebody pressed Ctrl-C, or ended the process by SIGTERM.
    """
    with interrupts.remember(), run_ids.reserve(paths["logs"]) as (run_id, log):
        record = RunRecord(
            run_id,
            preset,
            config.data,
            str(paths["records"].parent),
            str(log),
            definition=json.loads(config.definition.to_json()),
            as_of=config.as_of,
            settings=changes.flat(config.settings),
        )
        record.write(paths["records"])
        terminal.line(f"Run {run_id}, logged to {log}\nLoading TFX …")
        began = time.monotonic()
        failed = ""
        try:
            output = paths["records"].parent
            with in_use.by_a_run(output), output_to(log, terminal.stream) as stream:
                _run_graph(config, create, record, paths["metadata"], Lines(stream))
        except KeyboardInterrupt as error:
            record.status = INTERRUPTED
            record.reasons = [f"Interrupted by {error.args[0] if error.args else 'Ctrl-C'}."]
            raise
        except Exception as error:  # noted, and raised again
            record.status, record.reasons = FAILED, [str(error)]
            failed = getattr(error, "node", "")
            raise
        finally:
            record.seconds = round(time.monotonic() - began, 1)
            record.cpu_seconds = round(cpu_seconds(), 1)
            record.gigabytes = round(peak_gigabytes(), 2)
            try:
                _write_at_the_end(record, paths["records"], terminal)
            finally:
                with output_to(log, terminal.stream) as stream:  # where TensorFlow is imported late
                    outcome.tell(record, failed, config, webhook, Lines(stream))
        return record


def _write_at_the_end(record: RunRecord, folder: pathlib.Path, terminal: Lines) -> None:
    """Writes the record; if it can't, that must not hide why the run itself failed.

    Raises:
        OSError: It can't be written, and nothing else failed.
    """
    try:
        record.write(folder)
    except OSError as error:
        if record.status in ENDED:
            raise
        terminal.line(f"The run's record could not be written: {error}")


def _run_graph(
    config: PipelineConfig,
    create: Callable[[PipelineConfig], Any],
    record: RunRecord,
    metadata_path: pathlib.Path,
    terminal: Lines,
) -> None:
    """Runs the graph, and completes the record from its artifacts."""
    metadata_store.check(metadata_path)
    import absl.logging
    from tfx.utils import path_utils

    from components.bundle import manifest
    from components.registry import models_config, versions
    from components.registry.pusher import DESTINATION, SAME_AS
    from pipeline.runs import lineage, local_runner, log_lines, verdict

    running = ["The graph"]
    used = [0.0]

    def start(node: str) -> None:
        running.append(node)
        used.append(cpu_seconds())
        terminal.start(node)

    def end(node: str, seconds: float, cached: bool) -> None:
        record.components[node] = {
            "seconds": round(seconds, 2),
            "cpu_seconds": round(cpu_seconds() - used[-1], 2),
            "cached": cached,
        }
        terminal.end(node, seconds, cached)

    try:
        with log_lines.formatted(lambda: running[-1]), of_training(terminal):
            graph = create(config)
            log_lines.drop_import_noise(pathlib.Path(record.log))
            local_runner.run(graph, metadata_path, record.run_id, start, end, nodes.OUTSIDE_WORLD)
    except Exception as error:  # a component may raise anything; it is named, and raised again
        fail(running[-1], error, record.log)
    artifacts = lineage.outputs(metadata_path, record.run_id)
    if nodes.TRAINER in artifacts:
        trained = artifacts[nodes.TRAINER]
        named = trained["model"].custom_properties[features.TRAINING_RUN].string_value
        logs = pathlib.Path(trained["model_run"].uri)
        tensorboard_folder.add(metadata_path.parent, named or record.run_id, logs)
    examples = artifacts[nodes.TIMELINES_EXAMPLE_GEN]["examples"]
    record.span = examples.custom_properties[features.SPAN].int_value
    evaluation = verdict.read(artifacts[nodes.EVALUATOR]["evaluation"].uri)
    record.metrics, record.reasons = evaluation.metrics, list(evaluation.reasons)
    record.status = BLESSED if evaluation.blessed else NOT_BLESSED
    if not evaluation.blessed:
        absl.logging.error("NOT BLESSED, nothing was pushed: %s", "; ".join(record.reasons))
    bundle = path_utils.serving_model_path(artifacts[nodes.CANDIDATE_INDEX]["bundle"].uri)
    made = manifest.read(bundle)
    record.counts = dict(made.counts) if made else {}
    if record.as_of:
        late = examples.custom_properties[features.SET_ASIDE].int_value
        record.counts[features.SET_ASIDE] = late
    pushed = artifacts[nodes.PUSHER]["pushed_model"].custom_properties
    record.pushed = pushed[DESTINATION].string_value
    record.same_as = pushed[SAME_AS].string_value
    version = versions.served(config.serving_base)
    record.served = versions.folder(config.serving_base, version) if version is not None else ""
    labelled = versions.labels(config.serving_base).get(models_config.STABLE) is not None
    record.label = models_config.STABLE if labelled else ""


def fail(node: str, error: Exception, log: str) -> NoReturn:
    """Raises a component's error again, with its name and where the trace is.

    The last line of the log says it too.

    Raises:
        ComponentError: Always.
    """
    traceback.print_exc()
    print(f"{node} failed: {cause.on_one_line(error)}", file=sys.stderr, flush=True)
    remedy = cause.remedy(error)
    told = f"{cause.on_one_line(error)}. {remedy}" if remedy else str(error)
    raise ComponentError(f"{node} failed: {told}\nThe whole trace is in {log}", node) from error
