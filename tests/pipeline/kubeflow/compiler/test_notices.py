"""Which containers are told whom to tell."""

import copy
import dataclasses
import json

import pytest

from pipeline.config import Notify, Settings
from pipeline.kubeflow.compiler import compile as kubeflow_compile
from pipeline.kubeflow.compiler import notices
from pipeline.kubeflow.environment.pods import SecretVariable


def told(spec):
    """Returns what each container is told, by task."""
    found = {}
    for name, task in spec["root"]["dag"]["tasks"].items():
        component = spec["components"][task["componentRef"]["name"]]
        args = spec["deploymentSpec"]["executors"][component["executorLabel"]]["container"]["args"]
        if notices.OPTION in args:
            found[name] = json.loads(args[args.index(notices.OPTION) + 1])
    return found


@pytest.fixture
def tell(documents, environment):
    """A function that returns what containers are told by these settings."""

    def tell(notify, *secrets):
        spec = copy.deepcopy(documents[0])
        for name in told(spec):
            container = spec["deploymentSpec"]["executors"][f"{name}_executor"]["container"]
            del container["args"][container["args"].index(notices.OPTION) :]
        here = dataclasses.replace(environment, secrets=secrets)
        config = kubeflow_compile.configuration(here)
        config = dataclasses.replace(config, settings=Settings(notify=notify))
        notices.tell(spec, config, here)
        return told(spec)

    return tell


def test_by_default_the_pusher_alone_writes_gauges(documents):
    nothing = {"webhook_env": "", "webhook_file": "", "metrics_file": ""}
    assert told(documents[0]) == {
        "Pusher": {"name": "Pusher", "data_set": "movielens", "notify": nothing}
    }


def test_who_sees_the_secret_tells(tell):
    secret = SecretVariable("hooks", "url", "HOOK", ("Evaluator", "ItemsGate"))
    found = tell(Notify(webhook_env="HOOK", metrics_file="/serving/x.prom"), secret)
    assert {name: each["notify"]["webhook_env"] for name, each in found.items()} == {
        "Evaluator": "HOOK",
        "ItemsGate": "HOOK",
        "Pusher": "",
    }
    assert {each["notify"]["metrics_file"] for each in found.values()} == {"/serving/x.prom"}


@pytest.mark.parametrize(
    ("notify", "message"),
    [
        (Notify(webhook_env="HOOK"), "No component sees .*webhook_env=HOOK: add it to secrets"),
        (Notify(webhook_file="/hook"), "for runs on one machine: name an environment variable"),
    ],
)
def test_secret_that_no_container_could_find(tell, notify, message):
    other = SecretVariable("hooks", "url", "OTHER", ("Evaluator",))
    with pytest.raises(ValueError, match=message):
        tell(notify, other)


@pytest.mark.parametrize(("setting", "fails"), [("fail", 1), ("warn", 0)])
def test_whether_the_pusher_fails(environment, setting, fails):
    settings = (*environment.settings, f"gates.on_failure={setting}")
    here = dataclasses.replace(environment, settings=settings)
    assert kubeflow_compile.configuration(here).fail_if_not_blessed == bool(fails)
