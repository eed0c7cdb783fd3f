"""The graph as the YAML that a Kubeflow Pipelines server takes."""

import os
import pathlib
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.config import PipelineConfig
    from pipeline.kubeflow.environment.cluster import Environment

COMMANDS = ("python", "-m", "pipeline.kubeflow.container.entrypoint")
PACKAGED = pathlib.Path(__file__).resolve().parents[2]


def compile_to(environment: "Environment", path: pathlib.Path) -> None:
    """Writes the compiled pipeline, whole or not at all.

    Raises:
        ValueError: The server would refuse it, or the environment does not fit the graph.
    """
    text = compiled(environment)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


def compiled(environment: "Environment") -> str:
    """Returns the compiled pipeline: a PipelineSpec and a PlatformSpec, as two YAML documents.

    Raises:
        ValueError: The server would refuse it, or the environment does not fit the graph.
    """
    import yaml

    from pipeline import nodes
    from pipeline.kubeflow.compiler import (
        brevity,
        notices,
        packing,
        parameters_of_runs,
        platform,
        refusals,
        specification,
    )

    spec = tfx_specification(environment)
    environment.check_components(spec["root"]["dag"]["tasks"])
    specification.mend(spec, environment, (*nodes.DATA, *nodes.OUTSIDE_WORLD))
    parameters_of_runs.expose(spec)
    parameters_of_runs.tell_run(spec)
    configured = configuration(environment)
    notices.tell(spec, configured, environment)
    platform.check_key(environment, configured.settings.serving.signing_key_file)
    brevity.shorten(spec)
    documents = [spec, platform.specification(environment, spec)]
    problems = [*refusals.of(documents), *local_paths(documents)]
    if problems:
        raise ValueError("Kubeflow would not run this pipeline:\n  " + "\n  ".join(problems))
    packing.pack_constants(spec)  # last: nothing could be found in it any more
    return yaml.safe_dump_all(documents, sort_keys=True, allow_unicode=True, width=100)


def tfx_specification(environment: "Environment") -> dict[str, Any]:
    """Returns the PipelineSpec, version 2.1.0, as TFX's compiler makes it of the graph."""
    from tfx.orchestration.kubeflow.v2 import kubeflow_v2_dag_runner

    from pipeline.graph import create_pipeline

    runner = kubeflow_v2_dag_runner.KubeflowV2DagRunner(
        kubeflow_v2_dag_runner.KubeflowV2DagRunnerConfig(
            default_image=environment.image,
            default_commands=list(COMMANDS),
            use_pipeline_spec_2_1=True,
        )
    )
    job = runner.run(create_pipeline(configuration(environment)), write_out=False)
    spec: dict[str, Any] = job["pipelineSpec"]
    return spec


def configuration(environment: "Environment") -> "PipelineConfig":
    """Returns what a run does in an environment: its preset, with the cluster's paths."""
    from pipeline import presets
    from pipeline.config import FAIL, PipelineConfig
    from pipeline.kubeflow.environment import beam
    from pipeline.settings.validation import explained

    preset = presets.with_settings(presets.find(environment.preset), list(environment.settings))
    with explained(PipelineConfig, f"Environment {environment.name}"):
        return PipelineConfig(
            name=environment.pipeline_name,
            definition=environment.read_definition(),
            data=environment.data,
            pipeline_root=environment.pipeline_root,
            serving_base=environment.serving_base,
            settings=preset.settings,
            fail_if_not_blessed=preset.settings.gates.on_failure == FAIL,
            beam_args=beam.arguments(environment),
        )


def local_paths(documents: list[dict[str, Any]]) -> list[str]:
    """Returns a complaint for every path of this machine in the documents: pods don't have it."""
    here = {str(PACKAGED), str(pathlib.Path.cwd()), str(pathlib.Path.home())} - {"/"}
    pattern = re.compile("|".join(rf"{re.escape(path)}(?![\w-])" for path in sorted(here)))
    return [
        f"{where} holds a path of this machine: {text[:200]}"
        for where, text in strings(documents)
        if pattern.search(text)
    ]


def strings(value: Any, where: str = "") -> list[tuple[str, str]]:
    """Returns every text in nested lists and dictionaries, with the place where it is."""
    if isinstance(value, str):
        return [(where, value)]
    if isinstance(value, dict):
        entries = list(value.items())
    elif isinstance(value, list):
        entries = list(enumerate(value))
    else:
        return []
    return [found for key, entry in entries for found in strings(entry, f"{where}/{key}")]
