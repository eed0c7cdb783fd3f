"""Loads a compiled pipeline with kfp's own loader, and parses every field of it strictly.

.venv-kubeflow/bin/python load_in_kfp.py PIPELINE
"""

import json
import pathlib
import sys

import kfp
import yaml
from google.protobuf import json_format
from kfp import components
from kfp.kubernetes import kubernetes_executor_config_pb2
from kfp.pipeline_spec import pipeline_spec_pb2


def main(path: str) -> None:
    text = pathlib.Path(path).read_text()
    spec, platform = yaml.safe_load_all(text)
    executors = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    parsed = [
        (spec, pipeline_spec_pb2.PipelineSpec()),
        (spec["deploymentSpec"], pipeline_spec_pb2.PipelineDeploymentConfig()),
        (platform, pipeline_spec_pb2.PlatformSpec()),
        *(
            (pod, kubernetes_executor_config_pb2.KubernetesExecutorConfig())
            for pod in executors.values()
        ),
    ]
    for value, message in parsed:
        json_format.ParseDict(value, message)  # an unknown field is an error
    loaded = components.load_component_from_text(text)
    inputs = loaded.component_spec.inputs
    result = {
        "kfp": kfp.__version__,
        "inputs": {name: value.default for name, value in inputs.items()},
        "strict": list(dict.fromkeys(type(message).__name__ for _, message in parsed)),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1])
