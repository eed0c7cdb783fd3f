"""Kustomizations, built by kubectl where there is one, and else read as they are written."""

import shutil
import subprocess

import pytest
import yaml

from support import ROOT

KUBEFLOW = ROOT / "kubeflow"


def read(path):
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def folders(root):
    """Returns every folder under `root` that kustomize can build."""
    return sorted(path.parent for path in root.rglob("kustomization.yaml"))


def written(folder):
    """Returns the objects of a kustomization as their files say: not patched, not renamed."""
    (kustomization,) = read(folder / "kustomization.yaml")
    found = []
    for name in kustomization.get("resources", []):
        path = (folder / name).resolve()
        found += written(path) if path.is_dir() else read(path)
    for generator in kustomization.get("configMapGenerator", []):
        found.append(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": generator["name"]}}
        )
    namespace = kustomization.get("namespace")
    for item in found:
        item["metadata"]["namespace"] = namespace or item["metadata"].get("namespace", "")
    return found


def built(folder):
    """Returns the objects of a kustomization as `kubectl apply -k` would send them."""
    if not shutil.which("kubectl"):
        pytest.skip("no kubectl (Debian: kubernetes-client): manifests are checked unbuilt only")
    done = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]
