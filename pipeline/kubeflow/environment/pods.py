"""What a component's pod asks for: resources, nodes, volumes, secrets. Typed and checked."""

import dataclasses
import re

import pydantic
from pydantic.dataclasses import dataclass

NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
MOUNT_PATH = re.compile(r"(/[^/:]+)+")
RESOURCE = re.compile(r"[a-z0-9.-]+/[A-Za-z0-9._-]+")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
EFFECTS = ("", "NoSchedule", "PreferNoSchedule", "NoExecute")
OPERATORS = ("Equal", "Exists")

REFUSE_UNKNOWN = pydantic.ConfigDict(extra="forbid", strict=True)


def match(name: str, value: str, pattern: re.Pattern[str], what: str) -> None:
    """Checks that a value is what it is said to be.

    Raises:
        ValueError: It is not; the message names the field and the value.
    """
    if not pattern.fullmatch(value):
        raise ValueError(f"{name} must be {what}, got {value!r}.")


def _check_mount_path(path: str) -> None:
    if not MOUNT_PATH.fullmatch(path) or ".." in path:
        raise ValueError(f"mount_path must be an absolute folder, not /, got {path!r}.")


@dataclass(frozen=True, config=REFUSE_UNKNOWN)
class Toleration:
    """A taint of nodes that a component's pod may run on in spite of it."""

    key: str
    """Of the taint."""

    operator: str = "Exists"
    """"Exists" (any value) or "Equal"."""

    value: str = ""
    """Of the taint, with "Equal"."""

    effect: str = ""
    """"NoSchedule", "PreferNoSchedule", "NoExecute", or empty for all of them."""

    def __post_init__(self) -> None:
        """Checks what Kubernetes would refuse when the pod starts.

        Raises:
            ValueError: A value that Kubernetes doesn't know.
        """
        if self.operator not in OPERATORS:
            raise ValueError(f"operator must be one of {OPERATORS}, got {self.operator!r}.")
        if self.effect not in EFFECTS:
            raise ValueError(f"effect must be one of {EFFECTS}, got {self.effect!r}.")
        if self.operator == "Exists" and self.value:
            raise ValueError(f"value must be empty with operator Exists, got {self.value!r}.")


@dataclass(frozen=True, config=REFUSE_UNKNOWN)
class ComponentSettings:
    """What a component's pod asks for, and where it may run. Requests and limits are the same."""

    cpu: float
    """Cores."""

    memory_gb: float
    """Gigabytes."""

    accelerator: str = ""
    """Kubernetes resource name, such as "nvidia.com/gpu"; empty for none."""

    accelerator_count: int = 1
    """How many of them, where there is an accelerator."""

    node_selector: dict[str, str] = dataclasses.field(default_factory=dict)
    """Labels that the node must have."""

    tolerations: tuple[Toleration, ...] = ()
    """Taints that are borne."""

    def __post_init__(self) -> None:
        """Checks every field.

        Raises:
            ValueError: A field has no possible meaning; the message names it and its value.
        """
        for name in ("cpu", "memory_gb"):
            if not 0 < getattr(self, name) <= 4096:
                raise ValueError(f"{name} must be in (0, 4096], got {getattr(self, name)}.")
        if self.accelerator and not RESOURCE.fullmatch(self.accelerator):
            raise ValueError(
                "accelerator must be a Kubernetes resource name such as nvidia.com/gpu, "
                f"got {self.accelerator!r}."
            )
        if self.accelerator_count < 1:
            raise ValueError(
                f"accelerator_count must be at least 1, got {self.accelerator_count}; for none, "
                "leave accelerator empty."
            )


@dataclass(frozen=True, config=REFUSE_UNKNOWN)
class Volume:
    """A PersistentVolumeClaim, mounted into components."""

    claim: str
    """Name of the claim; `kubeflow/manifests` makes it."""

    mount_path: str
    """Absolute folder in the container."""

    components: tuple[str, ...]
    """Ids of the components that mount it."""

    def __post_init__(self) -> None:
        """Checks every field.

        Raises:
            ValueError: A name or a path that Kubernetes would refuse, or nobody mounts it.
        """
        match("claim", self.claim, NAME, "a Kubernetes name")
        _check_mount_path(self.mount_path)
        if not self.components:
            raise ValueError(f"components of the volume {self.claim!r} must not be empty.")


@dataclass(frozen=True, config=REFUSE_UNKNOWN)
class SecretFolder:
    """A Kubernetes Secret, mounted into components: a file for each of its keys."""

    secret: str
    """Name of the Secret, in the namespace of the runs. It is made by hand, never from here."""

    mount_path: str
    """Absolute folder in the container."""

    components: tuple[str, ...]
    """Ids of the components that mount it."""

    def __post_init__(self) -> None:
        """Checks every field.

        Raises:
            ValueError: A name or a path that Kubernetes would refuse, or nobody mounts it.
        """
        match("secret", self.secret, NAME, "a Kubernetes name")
        _check_mount_path(self.mount_path)
        if not self.components:
            raise ValueError(f"components of the secret {self.secret!r} must not be empty.")


@dataclass(frozen=True, config=REFUSE_UNKNOWN)
class SecretVariable:
    """A key of a Kubernetes Secret that components see as an environment variable."""

    secret: str
    """Name of the Secret, in the namespace of the runs. It is made by hand, never from here."""

    key: str
    """Key in it."""

    variable: str
    """Name of the environment variable."""

    components: tuple[str, ...]
    """Ids of the components that see it."""

    def __post_init__(self) -> None:
        """Checks every field.

        Raises:
            ValueError: A name that Kubernetes would refuse, or nobody sees the variable.
        """
        match("secret", self.secret, NAME, "a Kubernetes name")
        match("variable", self.variable, VARIABLE, "the name of an environment variable")
        if not self.key:
            raise ValueError(f"key of the secret {self.secret!r} must not be empty.")
        if not self.components:
            raise ValueError(f"components of the secret {self.secret!r} must not be empty.")
