"""The dashboard asks for metrics that exist, and Prometheus understands the questions."""

import json
import re
import shutil
import subprocess

import pytest

from pipeline.monitoring import gauges
from serving.stand_in.metrics import Metrics
from support import ROOT

DASHBOARD = json.loads(
    (ROOT / "kubeflow" / "serving" / "monitoring" / "dashboard.json").read_text()
)
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES = [target["expr"] for panel in PANELS for target in panel["targets"]]
NAME = re.compile(r":tensorflow:[a-z_:]+|movielens_[a-z0-9_]+")


def known():
    """Names of all that the server and the runs count."""
    served = {metric.name for metric in vars(Metrics()).values()}
    parts = {f"{name}_{part}" for name in served for part in ("bucket", "count")}
    return served | parts | set(gauges.HELP)


@pytest.mark.parametrize("query", QUERIES)
def test_every_metric_exists(query):
    asked = NAME.findall(query)
    assert asked and set(asked) <= known()


def test_every_gauge_of_the_runs_is_shown():
    assert {name for query in QUERIES for name in NAME.findall(query)} >= set(gauges.HELP)


def test_panels_are_told_apart_and_do_not_overlap():
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    cells = [
        (x, y)
        for panel in DASHBOARD["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells)) and max(x for x, _ in cells) < 24


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool (Debian: prometheus) is missing")
def test_prometheus_understands_every_query(tmp_path):
    rules = [
        {"record": f"query:{number}", "expr": query.replace("$model", "shop")}
        for number, query in enumerate(QUERIES)
    ]
    path = tmp_path / "rules.json"
    path.write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}))
    done = subprocess.run(["promtool", "check", "rules", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
