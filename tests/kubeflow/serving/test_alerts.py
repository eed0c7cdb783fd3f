"""Which alerts on runs fire, as Prometheus itself evaluates them."""

import shutil
import subprocess

import pytest
import yaml

from support import ROOT

RULES = ROOT / "kubeflow" / "serving" / "monitoring" / "rules.yaml"
HOURS = 30
WELL = {
    "movielens_last_run_blessed": "1+0",
    "movielens_last_run_failed": "0+0",
    "movielens_last_run_timestamp_seconds": "0+3600",  # a run ended just now, whenever one looks
    "movielens_served_version_pushed_timestamp_seconds": "0+3600",
    "movielens_versions_waiting_for_promotion": "0+0",
}
"""By gauge: its value, and what it grows by every hour."""


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool (Debian: prometheus) is missing")
@pytest.mark.parametrize(
    ("gauges", "alerts"),
    [
        ({}, []),
        ({"movielens_last_run_blessed": "0+0"}, ["MovielensNotBlessed"]),
        (
            {"movielens_last_run_blessed": "0+0", "movielens_last_run_failed": "1+0"},
            ["MovielensRunFailed"],
        ),
        ({"movielens_last_run_timestamp_seconds": "0+0"}, ["MovielensScheduleMissed"]),
        (
            {"movielens_served_version_pushed_timestamp_seconds": "-700000+3600"},
            ["MovielensModelOld"],
        ),
        ({"movielens_versions_waiting_for_promotion": "2+0"}, ["MovielensWaitsForPromotion"]),
        (dict.fromkeys(WELL), []),
    ],
    ids=["well", "not-blessed", "failed", "missed", "old", "waiting", "nothing-ever-ran"],
)
def test_alerts_that_fire(tmp_path, gauges, alerts):
    (rules,) = yaml.safe_load_all(RULES.read_text())
    series = [
        {"series": f'{name}{{model="shop"}}', "values": f"{value}x{HOURS}"}
        for name, value in {**WELL, **gauges}.items()
        if value is not None
    ]
    firing = 'count by (alertname) (ALERTS{alertstate="firing",alertname!="MovielensServingDown"})'
    expected = [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in alerts]
    asked = {"expr": firing, "eval_time": f"{HOURS}h", "exp_samples": expected}
    test = {"interval": "1h", "input_series": series, "promql_expr_test": [asked]}
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump(rules["spec"]))
    document = {"rule_files": ["rules.yaml"], "evaluation_interval": "1h", "tests": [test]}
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(document))
    done = subprocess.run(
        ["promtool", "test", "rules", "test.yaml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
