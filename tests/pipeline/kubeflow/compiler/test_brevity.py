import json

from pipeline.kubeflow.compiler import brevity
from support import workflow_size

EXAMPLES = "title: tfx.Examples\ntype: object\nproperties:\n  span:\n    type: integer\n"
COMPRESSED_FROM = 1024 * 1024  # bytes of a Workflow, by Argo


def test_titles_are_what_is_left_of_schemas():
    inputs = {
        "artifacts": {"examples": {"artifactType": {"instanceSchema": EXAMPLES}}},
        "parameters": {
            "k": {"parameterType": "NUMBER_INTEGER"},
            "span": {"parameterType": "STRING"},
        },
    }
    spec = {
        "components": {
            "comp-a": {
                "inputDefinitions": json.loads(json.dumps(inputs)),
                "outputDefinitions": {
                    "artifacts": {"logs": {"artifactType": {"schemaTitle": "system.Artifact"}}}
                },
            }
        },
        "deploymentSpec": {
            "executors": {
                "a": {"container": {"args": [brevity.OPTION, json.dumps(inputs, indent=2)]}},
                "b": {"importer": {}},
            }
        },
    }
    brevity.shorten(spec)
    short = {"examples": {"artifactType": {"instanceSchema": "title: tfx.Examples"}}}
    assert spec["components"]["comp-a"]["inputDefinitions"]["artifacts"] == short
    assert set(spec["components"]["comp-a"]["inputDefinitions"]["parameters"]) == {"k", "span"}
    (_, told) = spec["deploymentSpec"]["executors"]["a"]["container"]["args"]
    assert json.loads(told) == {
        "artifacts": short,
        "parameters": {"k": {"parameterType": "NUMBER_INTEGER"}},
    }
    assert " " not in told.replace("title: ", "")


def test_workflow_stays_below_what_argo_compresses(documents):
    assert workflow_size.estimate(documents[0]) < COMPRESSED_FROM
