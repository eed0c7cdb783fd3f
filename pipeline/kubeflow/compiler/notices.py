"""Tells containers who is told what came of their tasks, for `container.notices`."""

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from pipeline import nodes

if TYPE_CHECKING:
    from pipeline.config import PipelineConfig
    from pipeline.kubeflow.environment.cluster import Environment

OPTION = "--notices"


def tell(spec: dict[str, Any], config: "PipelineConfig", environment: "Environment") -> None:
    """Gives containers one more argument, in place: those that see the secret, and the Pusher.

    Args:
        spec: A PipelineSpec.
        config: What the run does.
        environment: Where it shall run.

    Raises:
        ValueError: The webhook's URL is where no container can find it.
    """
    notify = config.settings.notify
    if notify.webhook_file:
        raise ValueError(
            "notify.webhook_file is for runs on one machine: name an environment variable with "
            f"notify.webhook_env, and its Secret in secrets of the environment {environment.name!r}"
        )
    seen_by = {
        component
        for secret in environment.secrets
        if secret.variable == notify.webhook_env
        for component in secret.components
    }
    if notify.webhook_env and not seen_by:
        raise ValueError(
            f"No component sees the variable of notify.webhook_env={notify.webhook_env}: add it to "
            f"secrets of the environment {environment.name!r}."
        )
    for name in {*seen_by, nodes.PUSHER}:
        component = spec["components"][spec["root"]["dag"]["tasks"][name]["componentRef"]["name"]]
        container = spec["deploymentSpec"]["executors"][component["executorLabel"]]["container"]
        told = {
            "name": name,
            "data_set": config.definition.name,
            "notify": dataclasses.asdict(notify) | ({} if name in seen_by else {"webhook_env": ""}),
        }
        container["args"] += [OPTION, json.dumps(told, sort_keys=True)]
