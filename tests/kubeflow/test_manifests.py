"""Manifests of every folder under `kubeflow/`: Kubernetes' schemas, and what names what."""

import collections
import itertools
import subprocess

import pytest
import yaml

from pipeline.kubeflow.environment import cluster
from support import kustomizations

KUBEFLOW = kustomizations.KUBEFLOW
FOLDERS = kustomizations.folders(KUBEFLOW)
VALIDATE = KUBEFLOW.parent / ".venv-kubeflow" / "bin" / "kubernetes-validate"
OF_THE_PROMETHEUS_OPERATOR = {"PodMonitor", "ServiceMonitor", "PrometheusRule"}
ENVIRONMENTS = sorted(path.stem for path in (KUBEFLOW / "environments").glob("*.yaml"))
WORKLOADS = {"Deployment", "StatefulSet", "Job"}


def name_of(folder):
    return str(folder.relative_to(KUBEFLOW)) if folder.is_relative_to(KUBEFLOW) else folder.name


@pytest.fixture(params=FOLDERS, ids=name_of)
def folder(request):
    return request.param


@pytest.fixture(params=["written", "built"])
def objects(request, folder):
    """The objects of a kustomization, as files and as kubectl would send them."""
    return getattr(kustomizations, request.param)(folder)


def complaints(objects, tmp_path):
    """Returns what Kubernetes' schemas say against objects; a kind without a schema is one."""
    if not VALIDATE.exists():
        pytest.skip(f"{VALIDATE} is not there: `python3 tools/bootstrap.py kubeflow` makes it")
    known = [item for item in objects if item["kind"] not in OF_THE_PROMETHEUS_OPERATOR]
    path = tmp_path / "objects.yaml"
    path.write_text(yaml.safe_dump_all(known))
    done = subprocess.run([str(VALIDATE), "--strict", str(path)], capture_output=True, text=True)
    said = [line for line in done.stdout.splitlines() if not line.startswith("INFO ")]
    assert bool(done.returncode) <= bool(said), done.stderr
    assert done.stdout.count("INFO ") + len(said) >= len(known)  # each was looked at
    return said


def test_every_object_is_valid(objects, tmp_path):
    assert complaints(objects, tmp_path) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"kind": "PersistentVolumeClaims"},
            "Couldn't find schema for kind PersistentVolumeClaims",
        ),
        ({"specs": {}}, "'specs' was unexpected"),
        ({"spec": {"accessModes": "ReadWriteMany"}}, "'ReadWriteMany' is not of type"),
    ],
    ids=["unknown-kind", "unknown-field", "wrong-type"],
)
def test_invalid_objects_are_found(tmp_path, change, message):
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "c"}}
    (said,) = complaints([{**claim, **change}], tmp_path)
    assert message in said


def test_every_file_belongs_to_a_kustomization():
    named = set()
    for folder in FOLDERS:
        (document,) = kustomizations.read(folder / "kustomization.yaml")
        named |= {(folder / name).resolve() for name in document.get("resources", [])}
        named |= {
            (folder / patch["path"]).resolve()
            for patch in document.get("patches", [])
            if "path" in patch
        }
    elsewhere = {"environments", "compose.yaml", "kustomization.yaml"}
    files = {
        p for p in KUBEFLOW.rglob("*.yaml") if not elsewhere & set(p.relative_to(KUBEFLOW).parts)
    }
    assert files - named == set()


def dangling(objects, around=()):
    """Returns what objects name that is not there.

    Args:
        objects: They must be sound.
        around: Objects that are there too, in the same namespace.
    """
    there = {(item["kind"], item["metadata"]["name"]) for item in itertools.chain(objects, around)}
    labels = {
        item["metadata"]["name"]: item["spec"]["template"]["metadata"].get("labels", {})
        for item in objects
        if item["kind"] in WORKLOADS and "metadata" in item["spec"]["template"]
    }
    found = []
    for item in objects:
        who = f"{item['kind']} {item['metadata']['name']}"
        wanted = list(references(item))
        found += [f"{who}: no {kind} {name}" for kind, name in wanted if (kind, name) not in there]
        selector = item.get("spec", {}).get("selector")
        if item["kind"] in WORKLOADS and selector:
            own = labels[item["metadata"]["name"]].items()
            if not selector["matchLabels"].items() <= own:
                found.append(f"{who}: selects {selector['matchLabels']}, not its own pods")
        if item["kind"] == "Service":
            if not any(selector.items() <= of.items() for of in labels.values()):
                found.append(f"{who}: selects no pod by {selector}")
            ports = {
                value
                for workload in objects
                if workload["kind"] in WORKLOADS
                for container in workload["spec"]["template"]["spec"]["containers"]
                for port in container.get("ports", [])
                for value in (port.get("name"), port["containerPort"])
            }
            targets = {port.get("targetPort", port["port"]) for port in item["spec"]["ports"]}
            found += [f"{who}: no container port {port}" for port in targets - ports]
    return found


def references(item):
    """Yields kind and name of everything in the namespace that an object needs."""
    if item["kind"] == "RoleBinding":
        yield item["roleRef"]["kind"], item["roleRef"]["name"]
        yield from ((subject["kind"], subject["name"]) for subject in item["subjects"])
    if item["kind"] == "HorizontalPodAutoscaler":
        yield item["spec"]["scaleTargetRef"]["kind"], item["spec"]["scaleTargetRef"]["name"]
    if item["kind"] in WORKLOADS:
        pod = item["spec"]["template"]["spec"]
        if "serviceAccountName" in pod:
            yield "ServiceAccount", pod["serviceAccountName"]
        for volume in pod.get("volumes", []):
            if "persistentVolumeClaim" in volume:
                yield "PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]
            if "configMap" in volume:
                yield "ConfigMap", volume["configMap"]["name"]


def neighbours(folder):
    """Returns the objects that are applied before those of a kustomization."""
    manifests = KUBEFLOW / "manifests"
    before = {manifests / "fetch": [manifests / "base"]}
    earlier = before.get(folder, [parent for parent in folder.parents if parent in FOLDERS])
    return [item for parent in earlier for item in kustomizations.written(parent)]


def test_everything_named_is_there(folder, objects):
    assert dangling(objects, neighbours(folder)) == []


def test_dangling_names_are_found():
    base, fetch = (
        kustomizations.written(KUBEFLOW / "manifests" / name) for name in ("base", "fetch")
    )
    assert dangling(fetch, base) == []
    assert sorted(dangling(fetch)) == [
        "Job movielens-fetch: no PersistentVolumeClaim movielens-data",
        "Job movielens-fetch: no PersistentVolumeClaim movielens-serving",
        "Job movielens-fetch: no ServiceAccount movielens-pipeline",
    ]
    bindings = [item for item in base if item["kind"] == "RoleBinding"]
    assert len(dangling(bindings)) == 4


def test_an_object_that_two_folders_make_is_the_same_in_both():
    by_name = collections.defaultdict(list)
    for folder in FOLDERS:
        for item in kustomizations.written(folder):
            metadata = item["metadata"]
            by_name[metadata["namespace"], item["kind"], metadata["name"]].append(item.get("spec"))
    different = [
        key for key, specs in by_name.items() if key[0] and any(s != specs[0] for s in specs)
    ]
    assert different == []


def test_pods_run_as_the_user_of_the_image_without_rights(folder):
    dockerfile = (KUBEFLOW / "Dockerfile").read_text()
    for item in kustomizations.written(folder):
        if item["kind"] not in WORKLOADS:
            continue
        pod = item["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        for container in pod["containers"]:
            context = container["securityContext"]
            assert context["readOnlyRootFilesystem"] is True
            assert context["allowPrivilegeEscalation"] is False
            assert context["capabilities"] == {"drop": ["ALL"]}
            if container["image"] == "movielens-pipeline":
                user = (
                    f"{pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}"
                )
                assert f"\nUSER {user}\n" in dockerfile


def test_roles_name_what_they_allow():
    roles = [
        item
        for item in kustomizations.written(KUBEFLOW / "manifests" / "base")
        if item["kind"] == "Role"
    ]
    assert len(roles) == 2
    for rule in (rule for role in roles for rule in role["rules"]):
        assert "*" not in rule["resources"] + rule["verbs"] + rule["apiGroups"]
        if "secrets" in rule["resources"]:
            assert rule["resourceNames"] and rule["verbs"] == ["get"]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_environment_names_what_its_overlay_makes(name):
    settings = cluster.load(name, KUBEFLOW / "environments")
    overlay = KUBEFLOW / "manifests" / "overlays" / name
    there = {
        (item["metadata"]["namespace"], item["kind"], item["metadata"]["name"])
        for item in kustomizations.written(overlay)
    }
    wanted = {("PersistentVolumeClaim", volume.claim) for volume in settings.volumes}
    wanted.add(("ServiceAccount", settings.service_account))
    assert {(settings.namespace, *item) for item in wanted} <= there


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_fetch_job_has_the_image_and_the_paths_of_the_environment(name):
    settings = cluster.load(name, KUBEFLOW / "environments")
    objects = kustomizations.built(KUBEFLOW / "manifests" / "overlays" / name / "fetch")
    (job,) = (item for item in objects if item["kind"] == "Job")
    assert job["metadata"]["namespace"] == settings.namespace
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["image"] == settings.image
    *_, release, _, folder = container["command"]
    assert f"{folder}/{release}" == settings.data
    claims = {
        volume["name"]: volume["persistentVolumeClaim"]["claimName"]
        for volume in job["spec"]["template"]["spec"]["volumes"]
        if "persistentVolumeClaim" in volume
    }
    mounted = {
        (claims[m["name"]], m["mountPath"])
        for m in container["volumeMounts"]
        if m["name"] in claims
    }
    assert mounted == {(volume.claim, volume.mount_path) for volume in settings.volumes}


def test_production_serves_from_the_volume_that_it_pushes_to():
    serving = KUBEFLOW / "serving" / "base"
    if not serving.exists():
        pytest.skip("there are no serving manifests")
    settings = cluster.load("prod", KUBEFLOW / "environments")
    (deployment,) = (i for i in kustomizations.written(serving) if i["kind"] == "Deployment")
    assert deployment["metadata"]["namespace"] == settings.namespace
    claims = {c for kind, c in references(deployment) if kind == "PersistentVolumeClaim"}
    pushed = {v.claim for v in settings.volumes if "Pusher" in v.components}
    assert claims == pushed


def test_pods_of_fetch_and_pipeline_are_asked_by_nobody():
    manifests = KUBEFLOW / "manifests"
    fetch, pipeline = (
        [item for item in kustomizations.written(manifests / name) if item["kind"] == kind]
        for name, kind in (("fetch", "Job"), ("base", "NetworkPolicy"))
    )
    (own,) = [
        item
        for item in kustomizations.written(manifests / "fetch")
        if item["kind"] == "NetworkPolicy"
    ]
    labels = fetch[0]["spec"]["template"]["metadata"]["labels"]
    assert own["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
    for policy in (own, *pipeline):
        assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
        assert policy["spec"]["ingress"] == []
        assert all(rule["to"] for rule in policy["spec"]["egress"])
    assert len(pipeline) == 1
