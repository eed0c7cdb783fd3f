"""Which alerts fire, as Prometheus itself evaluates them."""

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


needs_promtool = pytest.mark.skipif(
    not shutil.which("promtool"), reason="promtool (Debian: prometheus) is missing"
)


def check(folder, interval, length, series, alerts):
    """Checks that just these alerts fire after `length` intervals, such as `1h`, of some series."""
    (rules,) = yaml.safe_load_all(RULES.read_text())
    firing = 'count by (alertname) (ALERTS{alertstate="firing",alertname!="MovielensServingDown"})'
    test = {
        "interval": interval,
        "input_series": [
            {"series": name, "values": f"{values}x{length}"} for name, values in series.items()
        ],
        "promql_expr_test": [
            {
                "expr": firing,
                "eval_time": f"{length}{interval[-1]}",
                "exp_samples": [
                    {"labels": f'{{alertname="{name}"}}', "value": 1} for name in sorted(alerts)
                ],
            }
        ],
    }
    (folder / "rules.yaml").write_text(yaml.safe_dump(rules["spec"]))
    document = {"rule_files": ["rules.yaml"], "evaluation_interval": interval, "tests": [test]}
    (folder / "test.yaml").write_text(yaml.safe_dump(document))
    done = subprocess.run(
        ["promtool", "test", "rules", "test.yaml"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
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
def test_alerts_on_runs(tmp_path, gauges, alerts):
    series = {
        f'{name}{{model="shop"}}': value
        for name, value in {**WELL, **gauges}.items()
        if value is not None
    }
    check(tmp_path, "1h", HOURS, series, alerts)


OF_MODEL = 'model_name="movielens"'


def requests(**by_status):
    """Series of request counts: their growth a minute by status."""
    return {
        f':tensorflow:serving:request_count{{{OF_MODEL},status="{status}"}}': f"0+{growth}"
        for status, growth in by_status.items()
    }


def latencies(api, entrypoint, growth, quick=1.0):
    """Series of a latency histogram that grows by so many a minute, a share of it below 50 ms."""
    labels = f'{OF_MODEL},API="{api}",entrypoint="{entrypoint}"'
    name = ":tensorflow:serving:request_latency"
    return {
        f'{name}_bucket{{{labels},le="50000"}}': f"0+{round(growth * quick)}",
        f'{name}_bucket{{{labels},le="200000"}}': f"0+{growth}",
        f'{name}_bucket{{{labels},le="+Inf"}}': f"0+{growth}",
        f"{name}_count{{{labels}}}": f"0+{growth}",
    }


PREDICT = {"gRPC": ("Predict", "GRPC"), "REST": ("predict", "REST")}
"""API and entrypoint, as TensorFlow Serving and the stand-in label a prediction."""

PROBES = latencies("", "REST", 20_000)
"""Twenty times as many probes as predictions, which are counted as OK with these."""

FAILED_LOAD = ':tensorflow:cc:saved_model:load_attempt_count{model_path="/m/7",status="fail"}'


@needs_promtool
@pytest.mark.parametrize("spelling", PREDICT)
@pytest.mark.parametrize(
    ("series", "alerts"),
    [
        (lambda api: {**requests(OK=21_000), **latencies(*api, 1000)}, []),
        (
            lambda api: {**requests(OK=20_980, INTERNAL=20), **latencies(*api, 980)},
            ["MovielensServingErrors"],
        ),
        (lambda api: requests(OK=20_000, UNAVAILABLE=10), ["MovielensServingErrors"]),
        (
            lambda api: {**requests(OK=20_900, INVALID_ARGUMENT=100), **latencies(*api, 900)},
            ["MovielensServingBadRequests"],
        ),
        (
            lambda api: {**requests(OK=20_990, CANCELLED=10), **latencies(*api, 990)},
            [],
        ),
        (
            lambda api: {**requests(OK=21_000), **latencies(*api, 1000, quick=0.98)},
            ["MovielensServingSlow"],
        ),
        (
            lambda api: {
                **requests(OK=21_000),
                **latencies(*api, 1000),
                **latencies("", "REST", 20_000, quick=0),
            },
            [],
        ),
        (lambda api: {FAILED_LOAD: "0+1"}, ["MovielensServingLoadFailed"]),
    ],
    ids=[
        "well",
        "2-percent-fail",
        "all-fail",
        "10-percent-refused",
        "clients-leave",
        "2-percent-slow",
        "slow-probes",
        "load-failed",
    ],
)
def test_alerts_on_the_server(tmp_path, spelling, series, alerts):
    check(tmp_path, "1m", 40, {**PROBES, **series(PREDICT[spelling])}, alerts)
