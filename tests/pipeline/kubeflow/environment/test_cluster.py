"""Environment files: those of the project, and every mistake that one can hold."""

import pytest

from pipeline import presets
from pipeline.kubeflow.environment import cluster, pods
from support import ROOT

FOLDER = ROOT / "kubeflow" / "environments"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))


@pytest.fixture
def load(environments):
    """Loads the development environment with changes."""
    return lambda **changes: cluster.load("test", environments(**changes))


def test_there_are_a_development_and_a_production_environment():
    assert NAMES == ["dev", "prod"]


@pytest.mark.parametrize("name", NAMES)
def test_the_projects_own_are_sound(name):
    loaded = cluster.load(name, FOLDER)
    presets.with_settings(presets.find(loaded.preset), list(loaded.settings))


def test_image_that_was_never_made(load):
    with pytest.raises(ValueError, match=r"still the placeholder .*make image"):
        load(image="registry.test/movielens@sha256:" + 64 * "0").check_image()


def test_a_component_has_its_own_settings_or_the_defaults(load):
    loaded = load(
        components={
            "default": {"cpu": 1, "memory_gb": 4},
            "TwoTowerTrainer": {"cpu": 0.5, "memory_gb": 2.5, "accelerator": "nvidia.com/gpu"},
        }
    )
    trainer = loaded.of("TwoTowerTrainer")
    assert (trainer.cpu, trainer.memory_gb, trainer.accelerator, trainer.accelerator_count) == (
        0.5,
        2.5,
        "nvidia.com/gpu",
        1,
    )
    assert loaded.of("Pusher") == pods.ComponentSettings(cpu=1.0, memory_gb=4.0)


def settings(**changes):
    return {"components": {"default": {"cpu": 1, "memory_gb": 1, **changes}}}


def volume(**changes):
    one = {"claim": "everything", "mount_path": "/all", "components": ["Pusher"]}
    return {"data": "/all/data", "serving_base": "/all/serving", "volumes": [{**one, **changes}]}


def secret(**changes):
    one = {"secret": "s", "key": "k", "variable": "V", "components": ["Pusher"]}
    return {"secrets": [{**one, **changes}]}


def secret_folder(**changes):
    one = {"secret": "s", "mount_path": "/signing", "components": ["Pusher"]}
    return volume() | {"secret_folders": [{**one, **changes}]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (secret_folder(mount_path="/"), "mount_path must be an absolute folder, not /"),
        (secret_folder(mount_path="/all"), "the same mount_path twice: '/all'"),
        (secret_folder(secret="A secret"), "secret must be a Kubernetes name"),
        (secret_folder(components=[]), "components of the secret 's' must not be empty"),
        ({"hots": "http://x"}, "hots: there is no such setting"),
        (settings(gpu=1), r"components.default.gpu: there is no such setting"),
        (volume(readonly=True), r"volumes.0.readonly: there is no such setting"),
        ({"name": "prod"}, "name must be 'test', got 'prod'"),
        ({"host": "kubeflow.example.com"}, "host must be a URL"),
        ({"namespace": "Item Lens"}, "namespace must be a Kubernetes name, got 'Item Lens'"),
        ({"service_account": ""}, "service_account must be"),
        ({"experiment": ""}, "experiment must not be empty"),
        ({"image": "registry/movielens:latest"}, "image must be an image by digest"),
        ({"image": "registry/movielens@sha256:abc"}, "image must be an image by digest"),
        ({"pipeline_root": "/mnt/artifacts"}, "pipeline_root must be minio://"),
        ({"pipeline_root": "s3://bucket"}, "pipeline_root must be"),
        ({"pipeline_root": "oci://registry/x"}, "pipeline_root must be"),
        ({"data": "/elsewhere/ml"}, r"data must lie on a volume \(mounted: /data, /serving\)"),
        ({"serving_base": "/servings"}, "serving_base must lie on a volume"),
        ({"volumes": []}, r"data must lie on a volume \(mounted: none\)"),
        ({"cron": "0 3 * * *"}, "cron must have 6 fields"),
        ({"preset": 3}, "preset must be a text, got 3"),
        ({"settings": "model.epochs=2"}, "settings: Input should be a valid array"),
        ({"components": {}}, "components must have an entry 'default'"),
        (settings(cpu=0), r"components.default: cpu must be in \(0, 4096\], got 0.0"),
        (settings(cpu="1"), r"components.default.cpu: Input should be a valid number, got '1'"),
        (settings(memory_gb=-1), "memory_gb must be in"),
        (settings(accelerator="NVIDIA_TESLA_T4"), "resource name such as nvidia.com/gpu"),
        (settings(accelerator_count=0), "accelerator_count must be at least 1, got 0"),
        (settings(node_selector={"gpu": True}), "node_selector.gpu: Input should be a valid str"),
        (settings(tolerations=[{"key": "gpu", "operator": "Is"}]), "operator must be one of"),
        (settings(tolerations=[{"key": "gpu", "effect": "NoWay"}]), "effect must be one of"),
        (settings(tolerations=[{"key": "gpu", "value": "x"}]), "value must be empty"),
        (volume(claim="My Claim"), "claim must be a Kubernetes name"),
        (volume(mount_path="/"), "mount_path must be an absolute folder, not /"),
        (volume(mount_path="data"), "mount_path must be an absolute folder"),
        (volume(mount_path="/data/../etc"), "mount_path must be an absolute folder"),
        (volume(components=[]), "components of the volume 'everything' must not be empty"),
        (volume() | {"volumes": volume()["volumes"] * 2}, "same claim twice: 'everything'"),
        (secret(secret="Top Secret"), "secret must be a Kubernetes name"),
        (secret(key=""), "key of the secret 's' must not be empty"),
        (secret(variable="a-b"), "variable must be the name of an environment variable"),
        (secret(components=[]), "components of the secret 's' must not be empty"),
    ],
)
def test_mistake_is_refused_with_file_place_and_value(load, changes, message):
    with pytest.raises(ValueError, match=message) as refused:
        load(**changes)
    assert "test.yaml" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: test\nname: prod\n", "'name' is there twice"),
        ("name: [", "is not YAML"),
        ("- name", "must be a mapping"),
        ("name: test\n", "host must be given"),
    ],
    ids=["key-twice", "not-yaml", "a-list", "missing"],
)
def test_file_that_is_no_environment(tmp_path, text, message):
    (tmp_path / "test.yaml").write_text(text)
    with pytest.raises(ValueError, match=rf"test.yaml(.|\n)*{message}"):
        cluster.load("test", tmp_path)


def test_unknown_environment_names_those_that_are_there():
    with pytest.raises(ValueError, match=r"No environment 'staging': .*there are: dev, prod"):
        cluster.load("staging", FOLDER)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"components": {n: {"cpu": 1, "memory_gb": 1} for n in ("default", "Trainer")}},
            "components .* name 'Trainer', which is no component; there are: Pusher",
        ),
        (volume(components=["Pushers"]), "volumes .* name 'Pushers'"),
        (volume() | secret(components=["Evaluator"]), "secrets .* name 'Evaluator'"),
        (secret_folder(components=["Evaluator"]), "secret_folders .* name 'Evaluator'"),
    ],
    ids=["components", "volumes", "secrets", "secret-folders"],
)
def test_component_that_is_not_in_the_graph(load, changes, message):
    one = {"components": {"default": {"cpu": 1, "memory_gb": 1}}}
    with pytest.raises(ValueError, match=message):
        load(**{**one, **volume(), **changes}).check_components(["Pusher"])
