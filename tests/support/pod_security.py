"""What Kubernetes' Pod Security Standard of level "restricted" has against a pod, by its rules.

https://kubernetes.io/docs/concepts/security/pod-security-standards, as of Kubernetes 1.35.
"""

VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
SECCOMP = {"RuntimeDefault", "Localhost"}
HOST = ("hostNetwork", "hostPID", "hostIPC")


def complaints(pod: dict) -> list[str]:
    """Returns what level "restricted" refuses in a PodSpec."""
    of_pod = pod.get("securityContext", {})
    found = [f"{name} is set" for name in HOST if pod.get(name)]
    for volume in pod.get("volumes", []):
        (kind,) = set(volume) - {"name"} or {"emptyDir"}
        if kind not in VOLUMES:
            found.append(f"volume {volume['name']}: {kind}")
    if of_pod.get("runAsUser") == 0:
        found.append("the pod runs as root")
    for container in [*pod.get("initContainers", []), *pod["containers"]]:
        found += [f"{container['name']}: {said}" for said in _container(container, of_pod)]
    return found


def _container(container: dict, of_pod: dict) -> list[str]:
    own = container.get("securityContext", {})
    both = {**of_pod, **own}
    capabilities = own.get("capabilities", {})
    found = {
        "privileged": own.get("privileged", False),
        "allowPrivilegeEscalation is not false": own.get("allowPrivilegeEscalation") is not False,
        "runAsNonRoot is not true": both.get("runAsNonRoot") is not True,
        "runs as root": own.get("runAsUser") == 0,
        "seccompProfile": both.get("seccompProfile", {}).get("type") not in SECCOMP,
        "capabilities are not dropped": "ALL" not in capabilities.get("drop", ()),
        "capabilities are added": bool(set(capabilities.get("add", ())) - {"NET_BIND_SERVICE"}),
        "a port of the host": any(port.get("hostPort") for port in container.get("ports", [])),
    }
    return [said for said, broken in found.items() if broken]
