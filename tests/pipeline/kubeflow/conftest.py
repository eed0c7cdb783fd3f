"""An environment, its compiled pipeline, and the emulation of the driver."""

import importlib.util
import pathlib

import pytest
import yaml

from pipeline.kubeflow import compile as kubeflow_compile
from pipeline.kubeflow.environment import ComponentSettings, Environment, Volume

DIGEST = "sha256:" + 64 * "a"


@pytest.fixture(scope="session")
def environment():
    """Where nothing is left at its default."""
    from pipeline.kubeflow.environment import SecretVariable, Toleration

    return Environment(
        name="test",
        host="http://localhost:8080",
        namespace="movielens-test",
        service_account="movielens-pipeline",
        experiment="movielens-test",
        image=f"registry.example.com/movielens@{DIGEST}",
        pipeline_root="minio://mlpipeline/v2/artifacts/movielens-test",
        data="/data/ml-100k",
        serving_base="/serving/movielens",
        settings=("model.history=mean", "model.epochs=7"),
        components={
            "default": ComponentSettings(cpu=1, memory_gb=4),
            "RatingsExampleGen": ComponentSettings(cpu=2, memory_gb=6.5),
            "TwoTowerTrainer": ComponentSettings(
                cpu=4,
                memory_gb=16,
                accelerator="nvidia.com/gpu",
                accelerator_count=2,
                node_selector={"pool": "gpu"},
                tolerations=(Toleration("nvidia.com/gpu", effect="NoSchedule"),),
            ),
        },
        volumes=(
            Volume("movielens-data", "/data", ("RatingsExampleGen", "MoviesExampleGen")),
            Volume("movielens-serving", "/serving", ("Baseline", "Pusher")),
        ),
        secrets=(SecretVariable("store", "key", "STORE_KEY", ("Pusher",)),),
    )


@pytest.fixture(scope="session")
def compiled(environment):
    """The compiled pipeline as text."""
    return kubeflow_compile.compiled(environment)


@pytest.fixture(scope="session")
def documents(compiled):
    """Its PipelineSpec and its PlatformSpec."""
    return list(yaml.safe_load_all(compiled))


@pytest.fixture(scope="session")
def driver_shaped():
    """The module of that name beside this file, which no package makes importable."""
    path = pathlib.Path(__file__).with_name("driver_shaped.py")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
