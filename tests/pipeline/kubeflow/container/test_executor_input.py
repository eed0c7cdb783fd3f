import copy

import pytest

from pipeline.kubeflow.compiler.packing import pack
from pipeline.kubeflow.container.executor_input import StagedFolders, reported, understood

MODEL = {"instanceSchema": "title: tfx.Model\ntype: object\n"}
SPEC = {"artifacts": {"bundle": {"artifactType": MODEL}}}
SENT = {
    "inputs": {
        "parameterValues": {"k": 100.0},
        "artifacts": {
            "bundle": {
                "artifacts": [
                    {
                        "name": "17",
                        "type": {"instanceSchema": ""},
                        "uri": "minio://mlpipeline/v2/run/bundle",
                        "metadata": {
                            "blessed": 1.0,
                            "display_name": "bundle",
                            "store_session_info": "{}",
                        },
                    }
                ]
            }
        },
    },
    "outputs": {
        "outputFile": "/tmp/kfp_outputs/output_metadata.json",
        "artifacts": {
            "blessing": {
                "artifacts": [
                    {
                        "name": "blessing",
                        "type": {"instanceSchema": "title: tfx.InfraBlessing\ntype: object\n"},
                        "uri": "minio://mlpipeline/v2/run/blessing",
                    }
                ]
            },
            "executor-logs": {
                "artifacts": [
                    {
                        "name": "executor-logs",
                        "type": {"schemaTitle": "system.Artifact"},
                        "uri": "minio://mlpipeline/v2/run/executor-logs",
                    }
                ]
            },
        },
    },
}


def test_type_name_place_and_metadata_of_an_input():
    shaped = understood(SENT, SPEC, StagedFolders())
    (bundle,) = shaped["inputs"]["artifacts"]["bundle"]["artifacts"]
    assert bundle == {
        "name": "17",
        "type": MODEL,
        "uri": "/minio/mlpipeline/v2/run/bundle",
        "metadata": {"blessed": 1.0},
    }
    assert shaped["inputs"]["parameterValues"] == {"k": 100.0}


def test_outputs_are_the_component_s_own():
    shaped = understood(SENT, SPEC, StagedFolders("/staged"))
    assert set(shaped["outputs"]["artifacts"]) == {"blessing"}
    (blessing,) = shaped["outputs"]["artifacts"]["blessing"]["artifacts"]
    assert blessing["uri"] == "/staged/minio/mlpipeline/v2/run/blessing"


def test_what_was_sent_is_left_as_it_was():
    before = copy.deepcopy(SENT)
    understood(SENT, SPEC, StagedFolders())
    assert before == SENT


@pytest.mark.parametrize(
    ("uri", "local"),
    [
        ("minio://bucket/key/a", "/minio/bucket/key/a"),
        ("s3://bucket/key", "/s3/bucket/key"),
        ("gs://bucket/key", "/gcs/bucket/key"),
        ("/data/plain", "/data/plain"),
    ],
    ids=["minio", "s3", "gs", "plain"],
)
def test_staged_folders(uri, local):
    assert StagedFolders().local(uri) == local


def test_store_that_is_not_staged():
    with pytest.raises(ValueError, match=r"'hdfs://name/key' lies in a store"):
        StagedFolders().local("hdfs://name/key")


def test_input_that_the_spec_does_not_name():
    with pytest.raises(ValueError, match=r"Input 'bundle' is not in .* names none"):
        understood(SENT, {}, StagedFolders())


def test_results_go_back_by_uri_and_name_as_sent():
    made = {
        "artifacts": {
            "blessing": {
                "artifacts": [
                    {"uri": "/minio/mlpipeline/v2/run/blessing", "metadata": {"blessed": 1.0}}
                ]
            }
        }
    }
    assert reported(made, SENT, StagedFolders())["artifacts"] == {
        "blessing": {
            "artifacts": [
                {
                    "name": "blessing",
                    "uri": "minio://mlpipeline/v2/run/blessing",
                    "metadata": {"blessed": 1.0},
                }
            ]
        }
    }


@pytest.mark.parametrize("root", ["/", "/staged"])
def test_metadata_that_name_a_staged_folder_name_its_uri(root):
    """As on a real backend, where a blessing's `current_model` was the pod's own folder."""
    folders = StagedFolders(root)
    metadata = {
        "blessed": 1.0,
        "current_model": folders.local("minio://mlpipeline/v2/run/bundle"),
        "current_model_id": "17",
        "pushed_destination": "/serving/movielens/1",
    }
    made = {"artifacts": {"blessing": {"artifacts": [{"uri": "x", "metadata": metadata}]}}}
    (blessing,) = reported(made, SENT, folders)["artifacts"]["blessing"]["artifacts"]
    assert blessing["metadata"] == {
        **metadata,
        "current_model": "minio://mlpipeline/v2/run/bundle",
    }


def test_packed_parameters_are_unpacked():
    sent = {**SENT, "inputs": {**SENT["inputs"], "parameterValues": {"a": pack("{}"), "k": 1.0}}}
    assert understood(sent, SPEC, StagedFolders())["inputs"]["parameterValues"] == {
        "a": "{}",
        "k": 1.0,
    }
