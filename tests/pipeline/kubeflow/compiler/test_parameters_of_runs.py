import copy
import json

import pytest

from pipeline.kubeflow.compiler import packing, parameters_of_runs


def parameters(documents, task):
    return documents[0]["root"]["dag"]["tasks"][task]["inputs"]["parameters"]


def test_one_parameter_reaches_every_place(documents):
    assert parameters(documents, "Baseline")["serving_base"] == {
        "componentInputParameter": "serving_base"
    }
    field = "push_destination.filesystem.base_directory"
    assert parameters(documents, "Pusher")[field] == {"componentInputParameter": "serving_base"}


def test_the_container_is_told_the_type_of_a_field(documents):
    executors = documents[0]["deploymentSpec"]["executors"]
    arguments = executors["TwoTowerTrainer_executor"]["container"]["args"]
    told = json.loads(arguments[arguments.index("--json_serialized_inputs_spec_args") + 1])
    assert told["parameters"]["custom_config.model.epochs"] == {"parameterType": "NUMBER_INTEGER"}


def test_fields_are_set_in_the_json_they_belong_to():
    given = {
        "run_fn": "trainer.run.run_fn",
        "custom_config": '{"model": {"epochs": 30, "seed": 1}, "code_version": "x"}',
        "custom_config.model.epochs": 2,
    }
    found = parameters_of_runs.set_fields(given)
    assert set(found) == {"run_fn", "custom_config"}
    assert json.loads(found["custom_config"]) == {
        "model": {"epochs": 2, "seed": 1},
        "code_version": "x",
    }


def test_driver_tells_who_asks_which_run_it_is(documents):
    tasks = documents[0]["root"]["dag"]["tasks"]
    told = {
        name
        for name, task in tasks.items()
        if parameters_of_runs.RUN in task.get("inputs", {}).get("parameters", {})
    }
    assert told == {"TwoTowerTrainer", "Pusher"}
    assert parameters(documents, "Pusher")[parameters_of_runs.RUN] == {
        "runtimeValue": {"constant": "{{$.pipeline_job_uuid}}"}
    }


@pytest.mark.parametrize(
    ("given", "run"),
    [
        ({"pipeline_run_id": "5f3c"}, "5f3c"),
        ({}, ""),
        ({"pipeline_run_id": "{{$.pipeline_job_uuid}}"}, ""),
    ],
    ids=["told", "not-told", "server-without-that-placeholder"],
)
def test_run_is_taken_out_of_the_parameters(given, run):
    found = {**given, "k": 100}
    assert parameters_of_runs.take_run(found) == run
    assert found == {"k": 100}


@pytest.mark.parametrize("name", ["epochs", "learning_rate", "seed"])
def test_the_manifest_is_told_what_a_run_was_set_to(documents, name):
    told = parameters(documents, "Pusher")
    assert told[f"configuration.model.{name}"] == {"componentInputParameter": name}
    default = documents[0]["root"]["inputDefinitions"]["parameters"][name]["defaultValue"]
    settings = json.loads(packing.unpack(told["configuration"]["runtimeValue"]["constant"]))
    assert settings["model"][name] == default
    assert set(settings) == {"split", "model", "gates", "serving", "as_of"}


def test_whole_numbers_stay_whole():
    found = parameters_of_runs.set_fields({"a": '{"b": 1}', "a.b": 3})
    assert found["a"] == '{"b": 3}'


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("Trainer.custom_config.model.epochs", "no Trainer.custom_config"),
        ("TwoTowerTrainer.custom.model.epochs", "'custom' is missing"),
        ("TwoTowerTrainer.custom_config.model.epoch", "'epoch' is missing"),
    ],
    ids=["task", "property", "field"],
)
def test_place_that_is_not_there(documents, place, message):
    spec = copy.deepcopy(documents[0])
    given = spec["root"]["dag"]["tasks"]["TwoTowerTrainer"]["inputs"]["parameters"]
    constant = given["custom_config"]["runtimeValue"]
    constant["constant"] = packing.unpack(constant["constant"])
    with pytest.raises(ValueError, match=message):
        parameters_of_runs.expose(spec, {"epochs": (place,)})


def test_places_that_differ(documents):
    places = ("ItemsSchema.record", "TimelinesSchema.record")
    with pytest.raises(ValueError, match="record differs"):
        parameters_of_runs.expose(copy.deepcopy(documents[0]), {"record": places})


def test_path_that_a_run_could_not_change(documents):
    spec = copy.deepcopy(documents[0])
    spec["root"]["dag"]["tasks"]["ItemsSchema"]["inputs"]["parameters"]["record"] = {
        "runtimeValue": {"constant": "/serving/movielens/schema"}
    }
    with pytest.raises(ValueError, match=r"ItemsSchema.record holds /serving/movielens: add it"):
        parameters_of_runs.check_nothing_is_left(spec, {"serving_base": "/serving/movielens"})
