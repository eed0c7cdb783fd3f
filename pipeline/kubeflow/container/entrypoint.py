"""The container's entrypoint: runs one component of the compiled pipeline on Kubeflow Pipelines.

Imports nothing heavy before it is needed, and of TFX only what its component needs.
"""

import argparse
import gc
import json
import os
import pathlib
import sys
import traceback
import types
from collections.abc import Sequence
from typing import NoReturn

from pipeline.kubeflow.container.executor_input import StagedFolders, reported, understood
from pipeline.kubeflow.container.lazy_packages import import_on_demand
from pipeline.monitoring import cause

FAILED = 1
IMPORT_EVERYTHING = (
    "kfp",
    "tfx.components",
    "tfx.v1",
    "tensorflow_model_analysis",
    "tensorflow_data_validation",  # TFX's specs of components import it, and two executors use it
    "tensorflow_model_analysis.view",  # widgets for notebooks
    "IPython",  # which shows statistics there
    "nltk",  # of which model analysis, for its metrics of texts, takes a stemmer
    "nltk.stem",
    "google.cloud.bigquery",  # Beam's connectors, which no step of ours reads from
    "google.cloud.pubsub",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs a component.

    Args:
        arguments: By default those of the process.

    Raises:
        Exception: Whatever the component raises, and ValueError for arguments that are no use.
    """
    options, beam_args = _parser().parse_known_args(arguments)
    # Read when TensorFlow is first imported: TFRS and Transform's layer need Keras 2.
    os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
    import_executor(options.executor_class_path)
    from absl import flags, logging

    from pipeline.config import Notify
    from pipeline.kubeflow.container import task
    from pipeline.kubeflow.container.notices import Task

    flags.FLAGS(sys.argv[:1])  # TFX reads flags, which must have been parsed
    logging.use_absl_handler()
    logging.set_verbosity(logging.INFO)

    sent = task.read_json(
        options.json_serialized_invocation_args, "--json_serialized_invocation_args"
    )
    inputs_spec = task.read_json(
        options.json_serialized_inputs_spec_args, "--json_serialized_inputs_spec_args"
    )
    told = task.read_json(options.notices, "--notices")
    told = {"name": "", "data_set": "", **told, "notify": Notify(**told.get("notify", {}))}
    this = Task(**told, sent=sent, environ=os.environ)
    output_file = pathlib.Path(sent["outputs"]["outputFile"])
    output_file.unlink(missing_ok=True)
    folders = StagedFolders(options.staging_root)
    executor_input = understood(sent, inputs_spec, folders)
    try:
        made = task.run(options.executor_class_path, executor_input, inputs_spec, beam_args)
    except Exception as error:  # told, and raised again
        this.failed(error)
        raise
    output_file.parent.mkdir(parents=True, exist_ok=True)
    temporary = output_file.with_name(output_file.name + ".tmp")
    temporary.write_text(
        json.dumps(reported(made, sent, folders), sort_keys=True), encoding="utf-8"
    )
    os.replace(temporary, output_file)
    this.ended(made)


def import_executor(path: str) -> None:
    """Imports an executor and what runs it, and little else.

    Imports make objects by the million and hardly any garbage, yet a quarter of their time would go
    into looking for it.

    Args:
        path: Dotted path of the executor.

    Raises:
        ImportError: There is no such executor.
    """
    gc.disable()
    try:
        import_less()
        from tfx.utils import import_utils

        from pipeline.kubeflow.container import task  # noqa: F401

        import_utils.import_class_by_path(path)
    finally:
        gc.enable()


def import_less() -> None:
    """Keeps what a component does not need from being imported with what it needs."""
    for package in IMPORT_EVERYTHING:
        import_on_demand(package)
    # TFX's specs of components name this one class of model analysis, which only Evaluator needs.
    from tensorflow_model_analysis.proto import config_pb2

    import_on_demand("tensorflow_model_analysis.sdk", EvalConfig=config_pb2.EvalConfig)


def fail(
    kind: type[BaseException], error: BaseException, trace: types.TracebackType | None
) -> NoReturn:
    """Ends the process with the cause, on one line, as the last line of its log.

    `sys.excepthook`: a pod's log is read from its end, where libraries' exit messages would
    otherwise stand.
    """
    traceback.print_exception(kind, error, trace)
    print(f"{cause.on_one_line(error)} {cause.remedy(error)}".rstrip(), file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(FAILED)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pipeline.kubeflow.container.entrypoint",
        description="Runs one component; Kubeflow's launcher calls this. Arguments that are not "
        "listed are Beam's pipeline options.",
        allow_abbrev=False,
    )
    parser.add_argument("--executor_class_path", required=True, help="dotted path of the executor")
    parser.add_argument(
        "--json_serialized_invocation_args", required=True, help="an ExecutorInput as JSON"
    )
    parser.add_argument(
        "--json_serialized_inputs_spec_args",
        default="{}",
        help="the component's ComponentInputsSpec as JSON",
    )
    parser.add_argument(
        "--notices",
        default="{}",
        help="what task this is and who is told what came of it, as JSON",
    )
    parser.add_argument(
        "--staging_root",
        default="/",
        help="folder under which the launcher stages buckets (default: /)",
    )
    return parser


if __name__ == "__main__":
    sys.excepthook = fail
    main()
