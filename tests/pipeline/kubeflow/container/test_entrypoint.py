"""What the driver sends, through TFX's own entrypoint and through ours.

Where TFX's passes a test that expects it to fail, TFX was mended: our workaround may go.
"""

import contextlib
import gc
import json
import os
import pathlib
import subprocess
import sys

import pytest
import tensorflow as tf
from google.protobuf import json_format
from tfx.orchestration.kubeflow.v2.container import kubeflow_v2_run_executor

from components.ingestion import forgotten
from components.registry.pusher import NotBlessedError
from pipeline import gates
from pipeline.config import Gates
from pipeline.kubeflow.compiler.packing import unpack
from pipeline.kubeflow.container import entrypoint
from pipeline.monitoring import gauges
from support import driver_shaped
from support.canned_server import answering


@pytest.fixture
def call(documents, tmp_path):
    """A function that makes the arguments of a task's container, in the driver's shape."""

    def call(task, parameters=None, inputs=None, shape=("logs", "schemas", "uris")):
        spec = documents[0]
        component = spec["components"][f"comp-{task}"]
        container = spec["deploymentSpec"]["executors"][f"{task}_executor"]["container"]
        values = {
            name: value["runtimeValue"]["constant"]
            for name, value in spec["root"]["dag"]["tasks"][task]["inputs"]["parameters"].items()
            if "runtimeValue" in value
        }
        plain = {
            "inputs": {
                "parameterValues": {**values, **(parameters or {})},
                "artifacts": {
                    key: {"artifacts": [{"name": key, **artifact}]}
                    for key, artifact in (inputs or {}).items()
                },
            },
            "outputs": {
                "outputFile": str(tmp_path / "kfp_outputs" / "output_metadata.json"),
                "artifacts": {
                    key: {
                        "artifacts": [
                            {
                                "name": key,
                                "type": output["artifactType"],
                                "uri": str(tmp_path / "store" / "run" / task / key),
                            }
                        ]
                    }
                    for key, output in component["outputDefinitions"]["artifacts"].items()
                },
            },
        }
        shaped = driver_shaped.executor_input(plain, tmp_path / "store", {})
        driver_shaped.download(shaped, tmp_path / "store", tmp_path / "staged")
        if "logs" not in shape:
            del shaped["outputs"]["artifacts"][driver_shaped.LOGS]
        if "schemas" not in shape:
            types = component.get("inputDefinitions", {}).get("artifacts", {})
            for key, entry in shaped["inputs"]["artifacts"].items():
                entry["artifacts"][0]["type"] = types[key]["artifactType"]
        if "uris" not in shape:
            for sent, local in (
                (shaped["inputs"], plain["inputs"]),
                (shaped["outputs"], plain["outputs"]),
            ):
                for key, entry in local["artifacts"].items():
                    sent["artifacts"][key]["artifacts"][0]["uri"] = entry["artifacts"][0]["uri"]
        arguments = list(container["args"])
        arguments[arguments.index("{{$}}")] = json.dumps(shaped)
        return arguments

    return call


def stock(arguments):
    """Runs TFX's own entrypoint, which knows nothing of packed constants."""
    arguments = list(arguments)
    position = arguments.index("--json_serialized_invocation_args") + 1
    sent = json.loads(arguments[position])
    values = sent["inputs"]["parameterValues"]
    sent["inputs"]["parameterValues"] = {name: unpack(value) for name, value in values.items()}
    arguments[position] = json.dumps(sent)
    options, beam_args = kubeflow_v2_run_executor._parse_flags(arguments)
    kubeflow_v2_run_executor._run_executor(options, beam_args)


@pytest.fixture
def ours(tmp_path):
    """A function that runs our entrypoint, and returns what the launcher would upload."""

    def ours(arguments):
        entrypoint.main([*arguments, "--staging_root", str(tmp_path / "staged")])
        shaped = json.loads(arguments[arguments.index("--json_serialized_invocation_args") + 1])
        output = json.loads(pathlib.Path(shaped["outputs"]["outputFile"]).read_text())
        return driver_shaped.upload(output, shaped, tmp_path / "store", tmp_path / "staged")[
            "artifacts"
        ]

    return ours


@pytest.fixture
def anomalies(tmp_path):
    """An artifact of ExampleValidator that found nothing, as an input."""
    folder = tmp_path / "store" / "run" / "validator" / "anomalies"
    (folder / "Split-train").mkdir(parents=True)
    (folder / "Split-train" / "SchemaDiff.pb").write_bytes(b"")
    return {"uri": str(folder), "metadata": {"split_names": '["train"]', "span": 0}}


def test_no_metadata_service_is_asked(call, ours, monkeypatch):
    """Kubeflow is about to do without one (kubeflow/pipelines, proposal 12147)."""

    def ask(*_, **__):
        raise AssertionError("a component asks the metadata service")

    monkeypatch.setattr("ml_metadata.metadata_store.metadata_store.MetadataStore.__init__", ask)
    assert ours(call("ItemsSchema"))["schema"]["artifacts"]


@pytest.mark.parametrize(
    ("shape", "error", "message"),
    [
        (("logs",), ImportError, "Could not import system.Artifact"),
        (("uris",), Exception, "minio"),
    ],
    ids=["output-of-the-server", "store-unknown-to-tensorflow"],
)
def test_outputs(call, ours, shape, error, message):
    arguments = call("ItemsSchema", shape=shape)
    with pytest.raises(error, match=message):
        stock(arguments)
    (schema,) = ours(call("ItemsSchema"))["schema"]["artifacts"]
    assert "item_id" in (pathlib.Path(schema["uri"]) / "schema.pbtxt").read_text()


@pytest.mark.parametrize(
    ("shape", "error", "message"),
    [
        (("schemas",), AttributeError, "'NoneType' object has no attribute 'get'"),
        (("uris",), Exception, "minio"),
    ],
    ids=["input-without-schema", "store-unknown-to-tensorflow"],
)
def test_inputs(documents, call, ours, anomalies, shape, error, message):
    documents[0]["components"]["comp-ItemsGate"].setdefault("outputDefinitions", {"artifacts": {}})
    documents[0]["root"]["dag"]["tasks"]["ItemsGate"]["inputs"].setdefault("parameters", {})
    arguments = call("ItemsGate", inputs={"anomalies": anomalies}, shape=shape)
    with pytest.raises(error, match=message):
        stock(arguments)
    assert ours(call("ItemsGate", inputs={"anomalies": anomalies})) == {}


def test_everything_at_once(call, ours):
    (schema,) = ours(call("ItemsSchema"))["schema"]["artifacts"]
    assert schema["name"] == "schema"
    assert schema["metadata"]["tfx_version"]


def test_example_gen_looks_at_its_data(call, ours, write_checkerboard, tmp_path):
    data = write_checkerboard(tmp_path / "data")
    arguments = call("ItemsExampleGen", {"input_base": str(data)}, shape=())
    stock(arguments)
    shaped = json.loads(arguments[arguments.index("--json_serialized_invocation_args") + 1])
    output = json.loads(pathlib.Path(shaped["outputs"]["outputFile"]).read_text())
    assert "input_fingerprint" not in output["artifacts"]["examples"]["artifacts"][0]["metadata"]

    def fingerprint():
        arguments = call("ItemsExampleGen", {"input_base": str(data)})
        (examples,) = ours(arguments)["examples"]["artifacts"]
        assert (pathlib.Path(examples["uri"]) / "Split-catalogue").is_dir()
        assert examples["metadata"]["custom:span"] == 0
        return examples["metadata"]["input_fingerprint"]

    first = fingerprint()
    assert first == fingerprint()
    with (data / "u.data").open("a") as file:
        file.write("1\t2\t5\t978300000\n")
    assert fingerprint() != first


def test_newest_span_is_read_and_ratings_follow_the_catalogue(
    call, ours, write_checkerboard, tmp_path
):
    for span in (7, 8):
        write_checkerboard(tmp_path / "data" / str(span), users=span, movies=span)
    data = {"input_base": str(tmp_path / "data" / "{SPAN}"), "requested_span": "newest"}
    (items,) = ours(call("ItemsExampleGen", data))["examples"]["artifacts"]
    assert items["metadata"]["custom:span"] == 8
    write_checkerboard(tmp_path / "data" / "9", users=9, movies=9)  # meanwhile

    (ratings,) = ours(call("TimelinesExampleGen", data, {"items": items}))["examples"]["artifacts"]

    assert ratings["metadata"]["custom:span"] == 8
    assert ratings["metadata"]["folder"] == str(tmp_path / "data" / "8")
    assert ratings["metadata"]["input_fingerprint"] == items["metadata"]["input_fingerprint"]


def test_stock_entrypoint_takes_a_pattern_for_a_folder(call, tmp_path):
    data = {"input_base": str(tmp_path / "{SPAN}"), "requested_span": "newest"}
    with pytest.raises(Exception, match=r"\{SPAN\}: no such folder"):
        stock(call("ItemsExampleGen", data, shape=()))


def test_forgotten_users_and_later_events_are_left_out(call, ours, write_checkerboard, tmp_path):
    data = {"input_base": str(write_checkerboard(tmp_path / "data", users=6, movies=9))}
    (items,) = ours(call("ItemsExampleGen", data))["examples"]["artifacts"]
    base = str(tmp_path / "movielens")
    forgotten.write(base, forgotten.Forgotten().add(["2", "5"]))
    told = {**data, "serving_base": base, "as_of": "2026-01-31"}

    (examples,) = ours(call("TimelinesExampleGen", told, {"items": items}))["examples"]["artifacts"]

    assert examples["metadata"]["set_aside"] == 0
    files = map(str, pathlib.Path(examples["uri"], "Split-test").iterdir())
    records = tf.data.TFRecordDataset(list(files), compression_type="GZIP")
    found = [tf.train.Example.FromString(record.numpy()) for record in records]
    users = [each.features.feature["user_id"].bytes_list.value[0] for each in found]
    assert sorted(users) == [b"1", b"3", b"4", b"6"]


def test_span_that_is_not_there(call, ours, tmp_path):
    data = {"input_base": str(tmp_path / "{SPAN}"), "requested_span": "3"}
    with pytest.raises(ValueError, match=r"Span 3 of .* is not there, or empty"):
        ours(call("ItemsExampleGen", data))


@pytest.mark.parametrize(("blessed", "pushed"), [(1, True), (0, False)], ids=["yes", "no"])
def test_pusher_reads_blessings_that_came_as_doubles(
    call, ours, tmp_path, monkeypatch, tiny, blessed, pushed
):
    monkeypatch.setattr(
        "components.evaluation.results.metrics", lambda evaluation: {"": {"hit@10": 0.5}}
    )
    bundle = tmp_path / "store" / "run" / "bundle"
    tiny.save(bundle / "Format-Serving")
    (tmp_path / "store" / "run" / "blessing").mkdir()
    blessing = {"uri": str(tmp_path / "store" / "run" / "blessing")}
    serving = tmp_path / "serving" / "movielens"
    made = ours(
        call(
            "Pusher",
            {
                "push_destination.filesystem.base_directory": str(serving),
                "fail_if_not_blessed": 0,
            },
            {
                "model": {"uri": str(bundle)},
                "model_blessing": {**blessing, "metadata": {"blessed": blessed}},
                "infra_blessing": {**blessing, "metadata": {"blessed": 1}},
                "evaluation": blessing,
            },
        )
    )
    assert gauges.read(gauges.path_of(str(serving)))["movielens_last_run_blessed"] == blessed
    versions = sorted(serving.glob("[0-9]*"))
    assert len(versions) == int(pushed)
    assert made["pushed_model"]["artifacts"][0]["metadata"]["pushed"] == float(pushed)
    if pushed:
        original = bundle / "Format-Serving" / "saved_model.pb"
        assert (versions[0] / "saved_model.pb").read_bytes() == original.read_bytes()
        told = json.loads((versions[0] / "assets.extra" / "manifest.json").read_text())
        assert told["push"]["run"] == driver_shaped.RUN_ID


def test_pusher_fails_for_what_the_evaluator_noted(call, ours, tmp_path, tiny):
    folder = tmp_path / "store" / "run" / "model"
    folder.mkdir(parents=True)
    noted = {"blessed": 0, "reasons": '["hit@10 is low", "recall is"]'}
    serving = tmp_path / "serving" / "movielens"
    arguments = call(
        "Pusher",
        {"push_destination.filesystem.base_directory": str(serving)},
        {
            "model": {"uri": str(folder)},
            "model_blessing": {"uri": str(folder), "metadata": noted},
            "infra_blessing": {"uri": str(folder), "metadata": {"blessed": 1}},
            "evaluation": {"uri": str(folder)},
        },
    )
    with pytest.raises(NotBlessedError, match="nothing was pushed: hit@10 is low; recall is"):
        ours(arguments)
    found = gauges.read(gauges.path_of(str(serving)))
    names = ("movielens_last_run_blessed", "movielens_last_run_failed")
    assert [found[name] for name in names] == [0, 0]


@pytest.mark.slow
def test_evaluator_says_why_and_tells(call, tmp_path, tiny):
    folder = tmp_path / "store" / "run"
    tiny.save(folder / "bundle" / "Format-Serving")
    (folder / "nothing-served").mkdir()
    examples = folder / "examples" / "Split-test" / "data_tfrecord-00000-of-00001.gz"
    examples.parent.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(examples), "GZIP") as writer:
        for timeline in tiny.users():
            writer.write(timeline)
    config = gates.eval_config(Gates(min_lift=1), tiny.DEFINITION)
    arguments = call(
        "Evaluator",
        {"eval_config": json_format.MessageToJson(config)},
        {
            "examples": {
                "uri": str(examples.parent.parent),
                "metadata": {"split_names": '["test"]', "span": 0},
            },
            "model": {"uri": str(folder / "bundle")},
            "baseline_model": {"uri": str(folder / "nothing-served")},
        },
    )
    notices = {"name": "Evaluator", "data_set": "shop", "notify": {"webhook_env": "HOOK"}}
    with answering((200, b"")) as server:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pipeline.kubeflow.container.entrypoint", *arguments),
                *("--staging_root", str(tmp_path / "staged"), "--notices", json.dumps(notices)),
            ],
            cwd=tmp_path,
            env={**os.environ, "HOOK": f"{server.url}/s3cr3t"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        (told,) = [json.loads(body) for _, body in server.requests]
    assert done.returncode == 0, done.stdout
    reason = "hit@10 over popular (all users) is "
    assert f"NOT BLESSED: {reason}" in done.stdout.splitlines()[-1]
    assert "below the threshold 1.0000 (hit@10 " in done.stdout.splitlines()[-1]
    assert "s3cr3t" not in done.stdout
    made = json.loads((tmp_path / "kfp_outputs" / "output_metadata.json").read_text())
    (blessing,) = made["artifacts"]["blessing"]["artifacts"]
    assert blessing["metadata"]["blessed"] == 0
    assert json.loads(blessing["metadata"]["reasons"]) == told["reasons"]
    assert told["reasons"][0].startswith(reason)
    assert (told["kind"], told["data_set"]) == ("not_blessed", "shop")
    assert told["metrics"]["hit@10"] >= 0


def test_stale_output_file_does_not_survive_a_failure(call, tmp_path):
    arguments = call("ItemsSchema", {"record": "nothing"})
    stale = tmp_path / "kfp_outputs" / "output_metadata.json"
    stale.parent.mkdir()
    stale.write_text("{}")
    with pytest.raises(KeyError, match="nothing"):
        entrypoint.main([*arguments, "--staging_root", str(tmp_path / "staged")])
    assert not stale.exists()


@pytest.mark.parametrize(
    "path", ["components.validation.schema.CuratedSchema_Executor", "components.absent.Executor"]
)
def test_garbage_is_collected_again_after_the_imports(path):
    with contextlib.suppress(ImportError):
        entrypoint.import_executor(path)
    assert gc.isenabled()


def test_what_was_not_imported_is_there_when_it_is_asked_for():
    program = """
import sys
from pipeline.kubeflow.container import entrypoint
entrypoint.import_executor("components.evaluation.evaluator.Executor")
assert not {"IPython.core", "ipywidgets", "nltk.corpus"} & set(sys.modules)
from tensorflow_model_analysis import default_eval_shared_model, view
from nltk import PorterStemmer, sent_tokenize
from IPython import get_ipython
view.render_plot
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def spoiled(arguments, option, text):
    changed = list(arguments)
    changed[changed.index(option) + 1] = text
    return changed


@pytest.mark.parametrize(
    ("option", "text", "cause"),
    [
        ("--json_serialized_invocation_args", "{", "ValueError: --json_serialized_invocation_args"),
        ("--json_serialized_invocation_args", "[]", "must be a JSON object, got '[]'"),
        (
            "--executor_class_path",
            "components.absent.Executor",
            "import components.absent.Executor",
        ),
    ],
    ids=["no-json", "no-object", "no-executor"],
)
def test_last_line_of_the_log_is_the_cause(call, tmp_path, option, text, cause):
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pipeline.kubeflow.container.entrypoint",
            *spoiled(call("ItemsSchema"), option, text),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert cause in done.stderr.splitlines()[-1]
    assert "Traceback" in done.stderr


def test_cause_of_several_lines_is_the_last_line(call, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "readme.txt").write_text("no ratings")
    arguments = call("ItemsExampleGen", {"input_base": str(empty)})
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pipeline.kubeflow.container.entrypoint",
            *arguments,
            "--staging_root",
            str(tmp_path / "staged"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert str(empty) in last
    assert "neither items and events nor a rati" in last
