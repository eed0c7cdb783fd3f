"""The compiled pipeline as data: for this project's graph, and for kfp's own loader."""

import dataclasses
import json
import pathlib
import pickle
import subprocess
import sys

import pytest
import yaml

from pipeline.kubeflow.compiler import compile as kubeflow_compile
from pipeline.kubeflow.compiler import platform
from support import ROOT

KFP = ROOT / ".venv-kubeflow" / "bin" / "python"
SECURITY = {"runAsUser": 10001, "runAsGroup": 10001, "runAsNonRoot": True}
UNCACHED = {"TimelinesExampleGen", "ItemsExampleGen", "Baseline", "Pusher"}


def tasks(documents):
    return documents[0]["root"]["dag"]["tasks"]


def container(documents, task):
    component = documents[0]["components"][tasks(documents)[task]["componentRef"]["name"]]
    return documents[0]["deploymentSpec"]["executors"][component["executorLabel"]]["container"]


def pod(documents, task):
    executors = documents[1]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    return executors[f"{task}_executor"]


def test_two_compiles_give_equal_bytes(environment, compiled, tmp_path):
    kubeflow_compile.compile_to(environment, tmp_path / "new" / "pipeline.yaml")
    assert (tmp_path / "new" / "pipeline.yaml").read_text() == compiled
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["pipeline.yaml"]


def test_equal_bytes_in_another_process(compiled, environment, tmp_path):
    """Hashes of strings differ from process to process: a set's order would show."""
    program = (
        "import pathlib, pickle, sys; from pipeline.kubeflow.compiler import compile as c\n"
        "c.compile_to(pickle.load(sys.stdin.buffer), pathlib.Path(sys.argv[1]))"
    )
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, str(tmp_path / "pipeline.yaml")],
        input=pickle.dumps(environment),
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    assert (tmp_path / "pipeline.yaml").read_text() == compiled


def test_head(documents, environment):
    spec = documents[0]
    assert spec["schemaVersion"] == "2.1.0"
    assert spec["pipelineInfo"]["name"] == "movielens-test"
    assert spec["defaultPipelineRoot"] == environment.pipeline_root


def test_same_nodes_and_edges_as_on_one_machine(documents, environment):
    from tfx.dsl.compiler import compiler

    from pipeline.graph import create_pipeline

    graph = compiler.Compiler().compile(
        create_pipeline(kubeflow_compile.configuration(environment))
    )
    local = {
        node.pipeline_node.node_info.id: set(node.pipeline_node.upstream_nodes)
        for node in graph.nodes
    }
    assert {
        name: set(task.get("dependentTasks", ())) for name, task in tasks(documents).items()
    } == local


def test_results_that_may_be_stale_are_not_reused(documents):
    uncached = {
        name
        for name, task in tasks(documents).items()
        if not task["cachingOptions"].get("enableCache")
    }
    assert uncached == UNCACHED


def test_runtime_parameters_have_working_defaults(documents):
    assert documents[0]["root"]["inputDefinitions"]["parameters"] == {
        "data": {"parameterType": "STRING", "defaultValue": "/data/ml-100k"},
        "span": {"parameterType": "STRING", "defaultValue": "newest"},
        "as_of": {"parameterType": "STRING", "defaultValue": ""},
        "serving_base": {"parameterType": "STRING", "defaultValue": "/serving/movielens"},
        "withdrawn": {"parameterType": "STRING", "defaultValue": "[]"},
        "epochs": {"parameterType": "NUMBER_INTEGER", "defaultValue": 7},
        "learning_rate": {"parameterType": "NUMBER_DOUBLE", "defaultValue": 0.003},
        "seed": {"parameterType": "NUMBER_INTEGER", "defaultValue": 1},
    }


def test_every_container(documents, environment):
    for name in tasks(documents):
        found = container(documents, name)
        settings = environment.of(name)
        assert found["image"] == environment.image
        assert found["command"] == ["python", "-m", "pipeline.kubeflow.container.entrypoint"]
        assert "lifecycle" not in found
        assert found["resources"]["cpuLimit"] == found["resources"]["cpuRequest"] == settings.cpu
        assert found["resources"]["memoryLimit"] == settings.memory_gb


def test_trainer_gets_its_gpus_and_its_nodes(documents):
    assert container(documents, "TwoTowerTrainer")["resources"]["accelerator"] == {
        "type": "nvidia.com/gpu",
        "count": "2",
    }
    assert "accelerator" not in container(documents, "Evaluator")["resources"]
    assert pod(documents, "TwoTowerTrainer") == {
        "nodeSelector": {"labels": {"pool": "gpu"}},
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
        "securityContext": SECURITY,
    }


def test_pusher_mounts_what_it_writes_to(documents):
    assert pod(documents, "Pusher") == {
        "pvcMount": [{"constant": "movielens-serving", "mountPath": "/serving"}],
        "secretAsVolume": [{"secretName": "signing", "mountPath": "/signing"}],
        "secretAsEnv": [
            {
                "secretName": "store",
                "keyToEnv": [{"secretKey": "key", "envVar": "STORE_KEY"}],
            }
        ],
        "securityContext": SECURITY,
    }
    assert pod(documents, "Evaluator") == {"securityContext": SECURITY}


def test_key_to_sign_with_is_where_the_pusher_can_read_it(environment):
    def check(path):
        platform.check_key(environment, path)

    check("")
    check("/signing/key.pem")
    with pytest.raises(ValueError, match="is in no folder of a Secret that Pusher mounts"):
        check("/home/me/key.pem")


def test_nothing_of_this_machine_is_in_it(compiled):
    for path in (str(ROOT), str(pathlib.Path.home()) + "/", "/tmp/"):
        assert path not in compiled


def test_a_local_path_is_refused(environment):
    there = dataclasses.replace(environment, beam_pipeline_args=(f"--temp_location={ROOT}/tmp",))
    with pytest.raises(ValueError, match="holds a path of this machine"):
        kubeflow_compile.compiled(there)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"settings": ("model.epoch=7",)}, "There is no setting 'model.epoch'"),
        ({"preset": "ml-2m"}, "Unknown preset 'ml-2m'"),
        ({"data": "/data/{DAY}"}, "means nothing; a pattern is made of"),
    ],
    ids=["unknown-setting", "unknown-preset", "pattern-without-a-meaning"],
)
def test_bad_environment(environment, changes, message):
    with pytest.raises(ValueError, match=message):
        kubeflow_compile.compiled(dataclasses.replace(environment, **changes))


def test_component_that_does_not_mount_its_path(environment):
    from pipeline.kubeflow.environment.pods import Volume

    reads = ("TimelinesExampleGen", "Pusher")
    volumes = (environment.volumes[0], Volume("movielens-serving", "/serving", reads))
    with pytest.raises(ValueError, match="Baseline uses serving_base '/serving/movielens'"):
        kubeflow_compile.compiled(dataclasses.replace(environment, volumes=volumes))


def test_warm_start_reads_what_is_served(environment):
    from pipeline.kubeflow.environment.pods import Volume

    warm = dataclasses.replace(environment, settings=("model.warm_start=true",))
    with pytest.raises(ValueError, match="WarmStart uses serving_base '/serving/movielens'"):
        kubeflow_compile.compiled(warm)
    mounting = ("TimelinesExampleGen", "WarmStart", "Baseline", "Pusher")
    serving = Volume("movielens-serving", "/serving", mounting)
    documents = list(
        yaml.safe_load_all(
            kubeflow_compile.compiled(
                dataclasses.replace(warm, volumes=(environment.volumes[0], serving))
            )
        )
    )
    task = tasks(documents)["WarmStart"]
    assert task["inputs"]["parameters"]["serving_base"] == {
        "componentInputParameter": "serving_base"
    }
    assert not task["cachingOptions"].get("enableCache")
    assert "base_model" in tasks(documents)["TwoTowerTrainer"]["inputs"]["artifacts"]


def test_unknown_component(environment):
    components = {**environment.components, "Trainer": environment.components["default"]}
    with pytest.raises(ValueError, match="'Trainer', which is no component"):
        kubeflow_compile.compiled(dataclasses.replace(environment, components=components))


@pytest.mark.skipif(not KFP.exists(), reason="no .venv-kubeflow: `make test` makes it")
def test_kfp_loads_it_and_its_protos_take_every_field(compiled, tmp_path):
    path = tmp_path / "pipeline.yaml"
    path.write_text(compiled)
    script = ROOT / "tests" / "support" / "load_in_kfp.py"
    done = subprocess.run(
        [KFP, script, path], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    loaded = json.loads(done.stdout)
    assert loaded["kfp"] == "2.16.1"
    assert loaded["inputs"] == {
        "data": "/data/ml-100k",
        "span": "newest",
        "as_of": "",
        "serving_base": "/serving/movielens",
        "withdrawn": "[]",
        "epochs": 7,
        "learning_rate": 0.003,
        "seed": 1,
    }
    assert loaded["strict"] == [
        "PipelineSpec",
        "PipelineDeploymentConfig",
        "PlatformSpec",
        "KubernetesExecutorConfig",
    ]


@pytest.mark.skipif(not KFP.exists(), reason="no .venv-kubeflow: `make test` makes it")
@pytest.mark.parametrize(
    ("old", "new"),
    [("cpuLimit", "cpuLimits"), ("mountPath", "mountpoint"), ("dependentTasks", "waitsFor")],
)
def test_kfp_protos_refuse_a_field_they_do_not_know(compiled, tmp_path, old, new):
    path = tmp_path / "pipeline.yaml"
    path.write_text(compiled.replace(f"{old}:", f"{new}:"))
    script = ROOT / "tests" / "support" / "load_in_kfp.py"
    done = subprocess.run([KFP, script, path], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert f'no field named "{new}"' in done.stderr
