"""The PlatformSpec: where pods may run and what they mount, which a PipelineSpec can't say."""

from typing import TYPE_CHECKING, Any

from pipeline import nodes
from pipeline.kubeflow.compiler import parameters_of_runs
from pipeline.kubeflow.environment.cluster import BUCKET

USER = 10001  # of the image, which `kubeflow/Dockerfile` makes
SECURITY = {"runAsUser": USER, "runAsGroup": USER, "runAsNonRoot": True}
"""What Kubernetes' Pod Security level "restricted" wants beside what Kubeflow gives every pod from
2.16 on: its default seccomp profile, no privilege escalation, no capabilities. Older servers take
no notice."""

if TYPE_CHECKING:
    from pipeline.kubeflow.environment.cluster import Environment
    from pipeline.kubeflow.environment.pods import Toleration


def specification(environment: "Environment", spec: dict[str, Any]) -> dict[str, Any]:
    """Returns the PlatformSpec that goes with a PipelineSpec.

    Args:
        environment: Where it runs.
        spec: The PipelineSpec, which names the executor of each task.

    Raises:
        ValueError: A component does not mount the volume that one of its paths lies on.
    """
    check_mounts(environment, spec)
    executors = {}
    for name, task in spec["root"]["dag"]["tasks"].items():
        label = spec["components"][task["componentRef"]["name"]]["executorLabel"]
        executors[label] = pod(environment, name)
    return {"platforms": {"kubernetes": {"deploymentSpec": {"executors": executors}}}}


def pod(environment: "Environment", component: str) -> dict[str, Any]:
    """Returns the KubernetesExecutorConfig of one component; what is not asked for is absent."""
    settings = environment.of(component)
    config = {
        "nodeSelector": {"labels": dict(settings.node_selector)}
        if settings.node_selector
        else None,
        "tolerations": [_toleration(toleration) for toleration in settings.tolerations],
        "pvcMount": [
            {"constant": volume.claim, "mountPath": volume.mount_path}
            for volume in environment.volumes
            if component in volume.components
        ],
        "secretAsVolume": [
            {"secretName": folder.secret, "mountPath": folder.mount_path}
            for folder in environment.secret_folders
            if component in folder.components
        ],
        "secretAsEnv": [
            {
                "secretName": secret.secret,
                "keyToEnv": [{"secretKey": secret.key, "envVar": secret.variable}],
            }
            for secret in environment.secrets
            if component in secret.components
        ],
        "securityContext": dict(SECURITY),
    }
    return {key: value for key, value in config.items() if value}


def check_mounts(environment: "Environment", spec: dict[str, Any]) -> None:
    """Checks that a component that is given a path also mounts the volume it lies on.

    Raises:
        ValueError: It does not; the pod would write to a disk that is gone when it ends.
    """
    for parameter in parameters_of_runs.PATHS:
        path = getattr(environment, parameter)
        if path.startswith(BUCKET):
            continue
        for component in parameters_of_runs.tasks_of(spec, parameter):
            mounted = [
                volume.mount_path
                for volume in environment.volumes
                if component in volume.components
            ]
            if not any(_is_under(path, folder) for folder in mounted):
                raise ValueError(
                    f"{component} uses {parameter} {path!r} but mounts "
                    f"{', '.join(mounted) or 'nothing'}: add it to the components of that volume "
                    f"in the environment {environment.name!r}."
                )


def check_key(environment: "Environment", path: str) -> None:
    """Checks that the Pusher mounts the Secret that the key to sign with lies in, if there is one.

    Raises:
        ValueError: It does not.
    """
    folders = [
        folder.mount_path
        for folder in environment.secret_folders
        if nodes.PUSHER in folder.components
    ]
    if path and not any(_is_under(path, folder) for folder in folders):
        raise ValueError(
            f"serving.signing_key_file={path} is in no folder of a Secret that {nodes.PUSHER} "
            f"mounts: add it to secret_folders of the environment {environment.name!r}."
        )


def _is_under(path: str, folder: str) -> bool:
    return (path.rstrip("/") + "/").startswith(folder.rstrip("/") + "/")


def _toleration(toleration: "Toleration") -> dict[str, str]:
    values = {
        "key": toleration.key,
        "operator": toleration.operator,
        "value": toleration.value,
        "effect": toleration.effect,
    }
    return {name: value for name, value in values.items() if value}
