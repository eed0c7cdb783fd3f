"""The serving manifests: what names what, and whether it is there."""

import re
import shutil
import subprocess

import pytest
import yaml

from pipeline.monitoring import gauges
from serving import engine
from serving.stand_in import configuration, flags
from serving.stand_in.metrics import Metrics
from support import ROOT

SERVING = ROOT / "kubeflow" / "serving"
OVERLAYS = ("base", "monitoring", "batching")


def documents(folder):
    """Every object of the files that a kustomization lists, its bases included."""
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    for name in kustomization["resources"]:
        path = folder / name
        if path.is_dir():
            yield from documents(path)
        else:
            yield from yaml.safe_load_all(path.read_text())


@pytest.fixture(scope="module")
def base():
    found = {document["kind"]: document for document in documents(SERVING / "base")}
    assert set(found) == {
        "PersistentVolumeClaim",
        "Deployment",
        "Service",
        "HorizontalPodAutoscaler",
        "PodDisruptionBudget",
        "NetworkPolicy",
    }
    return found


@pytest.fixture(scope="module")
def pod(base):
    return base["Deployment"]["spec"]["template"]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_file_is_used(overlay):
    folder = SERVING / overlay
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    used = {"kustomization.yaml", *kustomization["resources"]}
    used |= {patch["path"] for patch in kustomization.get("patches", ())}
    for generated in kustomization.get("configMapGenerator", ()):
        used |= set(generated["files"])
    assert used - {"../base"} == {path.name for path in folder.iterdir()}


@pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not installed")
@pytest.mark.parametrize(("overlay", "objects"), zip(OVERLAYS, (7, 10, 8), strict=True))
def test_kustomize_builds_it(overlay, objects):
    done = subprocess.run(
        ["kubectl", "kustomize", str(SERVING / overlay)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    built = list(yaml.safe_load_all(done.stdout))
    assert len(built) == objects
    assert {document["metadata"]["namespace"] for document in built} == {"movielens"}
    policy = next(document for document in built if document["kind"] == "NetworkPolicy")
    clients = policy["spec"]["ingress"][0]["from"][0]["podSelector"]["matchLabels"]
    assert clients == {"movielens-serving-client": "true"}
    deployment = next(document for document in built if document["kind"] == "Deployment")
    maps = {
        each["metadata"]["name"]
        for each in built
        if each["kind"] == "ConfigMap"
        and "grafana_dashboard" not in each["metadata"].get("labels", {})
    }
    volumes = deployment["spec"]["template"]["spec"]["volumes"]
    assert {each["configMap"]["name"] for each in volumes if "configMap" in each} == maps


def test_every_selector_finds_the_pods(base, pod):
    labels = pod["metadata"]["labels"].items()
    selectors = [
        base["Deployment"]["spec"]["selector"]["matchLabels"],
        base["Service"]["spec"]["selector"],
        base["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        base["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
        pod["spec"]["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"],
        next(documents_of_kind("PodMonitor"))["spec"]["selector"]["matchLabels"],
    ]
    for selector in selectors:
        assert selector
        assert selector.items() <= labels
    target = base["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    assert target["name"] == base["Deployment"]["metadata"]["name"]


def documents_of_kind(kind):
    return (each for each in documents(SERVING / "monitoring") if each["kind"] == kind)


def test_every_port_has_its_name(base, pod):
    (server,) = pod["spec"]["containers"]
    ports = {port["name"]: port["containerPort"] for port in server["ports"]}
    assert ports == {"grpc": 8500, "rest": 8501}
    for port in base["Service"]["spec"]["ports"]:
        assert ports[port["targetPort"]] == port["port"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        (handler,) = (
            server[probe][kind] for kind in ("httpGet", "tcpSocket") if kind in server[probe]
        )
        assert handler["port"] in ports
    for rule in base["NetworkPolicy"]["spec"]["ingress"]:
        assert {port["port"] for port in rule["ports"]} <= set(ports)
    (endpoint,) = next(documents_of_kind("PodMonitor"))["spec"]["podMetricsEndpoints"]
    assert endpoint["port"] in ports
    assert endpoint["path"] == engine.METRICS_PATH


def test_every_mount_has_its_volume_and_the_server_writes_nothing(pod):
    volumes = {volume["name"] for volume in pod["spec"]["volumes"]}
    for container in (*pod["spec"]["initContainers"], *pod["spec"]["containers"]):
        assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"] and not context["allowPrivilegeEscalation"]
        assert context["capabilities"] == {"drop": ["ALL"]}
    (server,) = pod["spec"]["containers"]
    writable = {m["name"] for m in server["volumeMounts"] if not m.get("readOnly")}
    assert writable == {"scratch"}


def test_one_image_everywhere(pod):
    compose = yaml.safe_load((SERVING / "compose.yaml").read_text())
    images = {
        each["image"] for each in (*pod["spec"]["initContainers"], *pod["spec"]["containers"])
    }
    images |= {service["image"] for service in compose["services"].values()}
    assert images == {engine.IMAGE}


def server_flags():
    patch = yaml.safe_load((SERVING / "batching" / "deployment.yaml").read_text())
    deployment = yaml.safe_load((SERVING / "base" / "deployment.yaml").read_text())
    compose = yaml.safe_load((SERVING / "compose.yaml").read_text())
    return {
        "base": deployment["spec"]["template"]["spec"]["containers"][0]["args"],
        "batching": patch["spec"]["template"]["spec"]["containers"][0]["args"],
        "compose": compose["services"]["serving"]["command"],
    }


def test_the_batching_patch_repeats_all_flags_of_the_base():
    flags_of = server_flags()
    assert flags_of["batching"][:-2] == flags_of["base"]


@pytest.mark.parametrize("where", ["base", "compose"])
def test_the_flags_are_ones_that_the_server_has(where):
    options = flags.parser().parse_args(server_flags()[where])
    assert (options.port, options.rest_api_port) == (8500, 8501)


def test_the_configuration_can_be_served():
    (model,) = configuration.read(str(SERVING / "base" / "models.config"))
    assert model == configuration.Model("movielens", "/models/movielens")
    options = flags.parser().parse_args(
        [f"--monitoring_config_file={SERVING / 'base' / 'monitoring.config'}"]
    )
    assert flags.metrics_path(options) == engine.METRICS_PATH


def test_alerts_ask_for_metrics_and_labels_that_there_are():
    there = {
        f"{metric.name}{part}"
        for metric in vars(Metrics()).values()
        for part in (("_bucket", "_count") if metric.kind == "histogram" else ("",))
    }
    groups = next(documents_of_kind("PrometheusRule"))["spec"]["groups"]
    serving, runs = (group["rules"] for group in groups)
    assert (len(serving), len(runs)) == (5, 5)
    named = set()
    for rule in serving:
        for name in re.findall(r":tensorflow:[a-z_:]+", rule["expr"]):
            named.add(name)
    assert named
    assert named <= there
    gauged = {name for rule in runs for name in re.findall(r"movielens_[a-z_]+", rule["expr"])}
    assert gauged == set(gauges.HELP) - {"movielens_last_run_hit_at_10"}  # thresholds are gates
    assert all({"summary", "action"} <= set(rule["annotations"]) for rule in (*serving, *runs))


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool (Debian: prometheus) is missing")
def test_promtool_accepts_the_alerts(tmp_path):
    rules = tmp_path / "rules.yaml"
    rules.write_text(yaml.safe_dump(next(documents_of_kind("PrometheusRule"))["spec"]))
    done = subprocess.run(
        ["promtool", "check", "rules", str(rules)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_compose_listens_to_loopback_only_and_mounts_what_there_is():
    (service,) = yaml.safe_load((SERVING / "compose.yaml").read_text())["services"].values()
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert all(volume.endswith(":ro") for volume in service["volumes"])
    assert (SERVING / service["volumes"][1].split(":")[0]).is_file()


def test_the_first_start_waits_for_a_version_and_keeps_a_configuration(pod, tmp_path):
    (init,) = pod["spec"]["initContainers"]
    models, config = tmp_path / "models", tmp_path / "config"
    (models / "movielens").mkdir(parents=True)
    config.mkdir()
    (config / "models.config").write_text("the default")
    script = init["command"][2].replace("/models/", f"{models}/").replace("/config/", f"{config}/")
    script = script.replace("sleep 10", "sleep 0.1")
    command = ["/bin/sh", "-euc", script]
    environment = {"HOSTNAME": "pod-1", "PATH": "/usr/bin:/bin"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as waiting:
        assert "run the pipeline" in waiting.stdout.readline()
        assert (models / "models.config").read_text() == "the default"
        version = models / "movielens" / "1"
        version.mkdir()
        (version / "saved_model.pb").touch()
        waiting.communicate(timeout=30)
    assert waiting.returncode == 0
    (models / "models.config").write_text("promoted")
    assert subprocess.run(command, env=environment, check=False, timeout=30).returncode == 0
    assert (models / "models.config").read_text() == "promoted"
    assert {path.name for path in models.iterdir()} == {"movielens", "models.config"}
