"""Environments, compiled pipelines, the emulation of the driver, and a fake API."""

import json
import pathlib
import subprocess
import sys
import urllib.request

import pytest
import yaml

from pipeline.cli import main
from pipeline.kubeflow.compiler import compile as kubeflow_compile
from pipeline.kubeflow.environment.cluster import Environment
from pipeline.kubeflow.environment.pods import ComponentSettings, Volume
from support import ROOT

DIGEST = "sha256:" + 64 * "a"
FAKE = ROOT / "tests" / "support" / "fake_kfp_api.py"
PYTHONS = {  # whose kfp-server-api checks the bodies; the client is always the product's
    "models-of-the-product": pathlib.Path(sys.executable),
    "models-of-todays-servers": ROOT / ".venv-kubeflow" / "bin" / "python",
}


@pytest.fixture(scope="session")
def environment():
    """Where nothing is left at its default."""
    from pipeline.kubeflow.environment.pods import SecretFolder, SecretVariable, Toleration

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
            "TimelinesExampleGen": ComponentSettings(cpu=2, memory_gb=6.5),
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
            Volume("movielens-data", "/data", ("TimelinesExampleGen", "ItemsExampleGen")),
            Volume("movielens-serving", "/serving", ("TimelinesExampleGen", "Baseline", "Pusher")),
        ),
        secrets=(SecretVariable("store", "key", "STORE_KEY", ("Pusher",)),),
        secret_folders=(SecretFolder("signing", "/signing", ("Pusher",)),),
    )


@pytest.fixture(scope="session")
def compiled(environment):
    """The compiled pipeline as text."""
    return kubeflow_compile.compiled(environment)


@pytest.fixture(scope="session")
def documents(compiled):
    """Its PipelineSpec and its PlatformSpec."""
    return list(yaml.safe_load_all(compiled))


class FakeApi:
    """A running fake, and how tests look into it and break it."""

    def __init__(self, python, *options):
        self._process = subprocess.Popen(
            [str(python), str(FAKE), *options], stdout=subprocess.PIPE, text=True
        )
        self.host = f"http://localhost:{int(self._process.stdout.readline())}"

    def control(self, what, **body):
        request = urllib.request.Request(
            f"{self.host}/fake/{what}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def state(self):
        return self.control("state")

    def fail(self, request, status=500, message="broken", after=False):
        """Lets the next such request fail, before or after it was carried out."""
        self.control("fail", request=request, status=status, message=message, after=after)

    def stop(self):
        self._process.kill()
        self._process.communicate()


def start(name, *options):
    python = PYTHONS[name]
    if not python.exists():
        pytest.skip(f"{python} is not there: `python3 tools/bootstrap.py kubeflow` makes it")
    return FakeApi(python, *options)


@pytest.fixture(scope="session", params=PYTHONS)
def running_api(request):
    fake = start(request.param)
    yield fake
    fake.stop()


@pytest.fixture
def api(running_api):
    running_api.control("forget")
    return running_api


@pytest.fixture
def mortal_api():
    """One that the test stops."""
    return start("models-of-the-product")


@pytest.fixture
def multi_user_api():
    fake = start("models-of-the-product", "--multi-user")
    yield fake
    fake.stop()


@pytest.fixture
def environments(tmp_path):
    """Writes `test.yaml`, the development environment with changes, and returns its folder."""

    def write(**changes):
        document = yaml.safe_load((ROOT / "kubeflow" / "environments" / "dev.yaml").read_text())
        document.update(
            {"name": "test", "image": "registry.test/movielens@sha256:" + 64 * "a", **changes}
        )
        folder = tmp_path / "environments"
        folder.mkdir(exist_ok=True)
        (folder / "test.yaml").write_text(yaml.safe_dump(document))
        return folder

    return write


@pytest.fixture
def package(tmp_path):
    """A compiled pipeline of one task, which any server would take."""

    def write(executor="python", schema="2.1.0"):
        spec = {
            "pipelineInfo": {"name": "movielens-test"},
            "schemaVersion": schema,
            "sdkVersion": "tfx",
            "root": {
                "inputDefinitions": {
                    "parameters": {
                        "epochs": {"parameterType": "NUMBER_INTEGER", "defaultValue": 2},
                        "data": {"parameterType": "STRING", "defaultValue": "/data"},
                        "span": {"parameterType": "STRING", "defaultValue": "newest"},
                    }
                },
                "dag": {"tasks": {"Pusher": {"componentRef": {"name": "comp-Pusher"}}}},
            },
            "components": {"comp-Pusher": {"executorLabel": "Pusher_executor"}},
            "deploymentSpec": {
                "executors": {"Pusher_executor": {"container": {"command": [executor]}}}
            },
        }
        platform = {"platforms": {"kubernetes": {"deploymentSpec": {"executors": {}}}}}
        path = tmp_path / "pipeline.yaml"
        path.write_text(yaml.safe_dump_all([spec, platform]))
        return path

    return write


@pytest.fixture
def no_secrets(monkeypatch, tmp_path):
    """Nothing of whoever runs the tests: no variables, no settings that kfp keeps at home."""
    for name in ("TOKEN_FILE", "SA_TOKEN_PATH", "COOKIE", "CA_FILE", "ENDPOINT"):
        monkeypatch.delenv(f"KF_PIPELINES_{name}", raising=False)
    monkeypatch.setattr("kfp.Client._LOCAL_KFP_CONTEXT", str(tmp_path / "context.json"))


@pytest.fixture
def kubeflow(environments, capsys, no_secrets):
    """Runs `movielens kubeflow …`, and returns its status, output and errors."""

    def run(api, *arguments, **changes):
        folder = environments(host=getattr(api, "host", api), **changes)
        words = [str(argument) for argument in arguments]
        status = main.main(
            ["kubeflow", words[0], "--env", "test", "--environments", str(folder), *words[1:]]
        )
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


@pytest.fixture
def deploy(kubeflow, package):
    def run(api, version="v1", *arguments, **changes):
        return kubeflow(
            api, "deploy", "--version", version, "--package", package(), *arguments, **changes
        )

    return run
