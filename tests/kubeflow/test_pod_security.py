"""Pods of the manifests and of Kubeflow against Kubernetes' Pod Security level "restricted"."""

import copy

import pytest

from pipeline.kubeflow.compiler import platform
from pipeline.kubeflow.environment import cluster
from support import kustomizations, pod_security

CONFINED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
ARGO = {**CONFINED, "runAsNonRoot": True, "runAsUser": 65532}
# An executor's pod, as far as security goes, as Kubeflow 2.17 made it on a real backend.
EXECUTOR = {
    "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
    "volumes": [
        {"name": "kfp-launcher", "emptyDir": {}},
        {"name": "mlpipeline-minio-artifact", "secret": {}},
        {"name": "kube-api-access", "projected": {}},
        {"name": "movielens-data", "persistentVolumeClaim": {}},
    ],
    "initContainers": [
        {"name": "init", "securityContext": ARGO},
        {"name": "kfp-launcher", "securityContext": {**CONFINED, "runAsNonRoot": True}},
    ],
    "containers": [
        {"name": "wait", "securityContext": ARGO},
        {"name": "main", "securityContext": CONFINED},
    ],
}


def executor(config):
    """Returns an executor's pod with what the driver takes from a KubernetesExecutorConfig."""
    pod = copy.deepcopy(EXECUTOR)
    pod["containers"][-1]["securityContext"] |= config.get("securityContext", {})
    return pod


@pytest.mark.parametrize("component", ["TwoTowerTrainer", "Pusher", "ItemsExampleGen"])
def test_executors_are_admitted(component):
    environment = cluster.load("prod", kustomizations.KUBEFLOW / "environments")
    assert pod_security.complaints(executor(platform.pod(environment, component))) == []


def test_without_a_security_context_they_are_refused():
    assert pod_security.complaints(executor({})) == ["main: runAsNonRoot is not true"]


def test_user_is_the_image_s():
    dockerfile = (kustomizations.KUBEFLOW / "Dockerfile").read_text()
    assert f"\nUSER {platform.USER}:{platform.USER}\n" in dockerfile


WORKLOADS = [
    pytest.param(item["spec"]["template"]["spec"], id=f"{folder.name}-{item['metadata']['name']}")
    for folder in kustomizations.folders(kustomizations.KUBEFLOW)
    for item in kustomizations.written(folder)
    if item["kind"] in ("Deployment", "Job")
]


@pytest.mark.parametrize("pod", WORKLOADS)
def test_pods_of_the_manifests_are_admitted(pod):
    assert pod_security.complaints(pod) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"hostNetwork": True}, "hostNetwork is set"),
        ({"volumes": [{"name": "v", "hostPath": {}}]}, "volume v: hostPath"),
        ({"securityContext": {"runAsUser": 0}}, "the pod runs as root"),
    ],
    ids=["host", "volume", "root"],
)
def test_pod_is_refused(change, complaint):
    sound = {"containers": [{"name": "c", "securityContext": {**CONFINED, "runAsNonRoot": True}}]}
    assert pod_security.complaints(sound) == []
    assert pod_security.complaints({**sound, **change}) == [complaint]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"privileged": True}, "privileged"),
        ({"allowPrivilegeEscalation": None}, "allowPrivilegeEscalation is not false"),
        ({"runAsNonRoot": False}, "runAsNonRoot is not true"),
        ({"runAsUser": 0}, "runs as root"),
        ({"seccompProfile": {"type": "Unconfined"}}, "seccompProfile"),
        ({"capabilities": {}}, "capabilities are not dropped"),
        ({"capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN"]}}, "capabilities are added"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_container_is_refused(change, complaint):
    context = {**CONFINED, "runAsNonRoot": True, **change}
    pod = {"containers": [{"name": "c", "securityContext": context}]}
    assert pod_security.complaints(pod) == [f"c: {complaint}"]
