"""The life of versions, step by step, on a clock of the test's own."""

import shutil

import pytest
import tensorflow as tf
from tensorflow_serving.apis import model_pb2, predict_pb2, prediction_log_pb2

from serving.stand_in.configuration import ConfigurationError, Model, Settings, VersionPolicy
from serving.stand_in.errors import ServingError, StatusCode
from serving.stand_in.manager import Manager
from serving.stand_in.metrics import Metrics
from serving.stand_in.versions import AVAILABLE, END, LOADING


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def base(tmp_path):
    folder = tmp_path / "half"
    folder.mkdir()
    return folder


@pytest.fixture
def manager(base, clock):
    made = Manager(
        [Model("half", str(base))], Settings(max_num_load_retries=1), Metrics(), clock=clock
    )
    yield made
    made.close()


def spec(**values):
    version = values.pop("version", None)
    made = model_pb2.ModelSpec(name="half", **values)
    if version is not None:
        made.version.value = version
    return made


def states(manager):
    response = manager.served.status(spec())
    return {entry.version: entry.state for entry in response.model_version_status}


def answer(manager, value=1.0, **which):
    """Returns the version that answers, and y."""
    request = predict_pb2.PredictRequest()
    request.inputs["x"].CopyFrom(tf.make_tensor_proto([value]))
    number, servable = manager.served.use(spec(**which))
    with servable:
        return number, float(servable.predict(request, 10)[0]["y"][0])


def test_a_new_version_replaces_the_old_one_without_a_gap(manager, base, write_half_plus):
    write_half_plus(base, "1", 2)
    manager.step()
    assert answer(manager) == (1, 2.5)
    number, servable = manager.served.use(spec())
    write_half_plus(base, "2", 3)
    manager.step()
    assert states(manager) == {1: END, 2: AVAILABLE}
    assert answer(manager) == (2, 3.5)
    with servable:  # a request that came before is still answered by the version it came to
        request = predict_pb2.PredictRequest()
        request.inputs["x"].CopyFrom(tf.make_tensor_proto([1.0]))
        assert number == 1
        assert servable.predict(request, 10)[0]["y"].tolist() == [2.5]
    with pytest.raises(ServingError, match="Specific"):
        manager.served.use(spec(version=1))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: shutil.rmtree(folder / "variables"),
        lambda folder: (folder / "saved_model.pb").unlink(),
        lambda folder: (folder / "saved_model.pb").write_bytes(b"junk"),
        lambda folder: (folder / "saved_model.pb").write_bytes(b""),
        lambda folder: (folder / "variables" / "variables.index").write_bytes(b"junk"),
        lambda folder: next((folder / "variables").glob("*.data*")).write_bytes(b""),
        lambda folder: (shutil.rmtree(folder), folder.write_text("a file")),
    ],
    ids=["no-variables", "no-graph", "junk-graph", "empty-graph", "junk-index", "no-data", "file"],
)
def test_a_spoilt_version_leaves_the_good_one_serving(
    manager, base, clock, write_half_plus, spoil, caplog
):
    write_half_plus(base, "1")
    manager.step()
    spoil(write_half_plus(base, "2"))
    manager.step()
    assert states(manager) == {1: AVAILABLE, 2: LOADING}
    assert answer(manager) == (1, 2.5)
    clock.now += 1000  # the second and last attempt
    manager.step()
    assert states(manager) == {1: AVAILABLE, 2: END}
    assert manager.served.status(spec(version=2)).model_version_status[0].status.error_message
    assert "given up" in caplog.text
    assert answer(manager) == (1, 2.5)


def test_a_version_that_was_half_copied_is_served_once_it_is_whole(
    manager, base, clock, write_half_plus
):
    write_half_plus(base, "1")
    manager.step()
    whole = write_half_plus(base.parent, "2", 3)
    shutil.copytree(whole, base / "2", ignore=shutil.ignore_patterns("variables"))
    manager.step()
    assert states(manager) == {1: AVAILABLE, 2: LOADING}
    shutil.copytree(whole, base / "2", dirs_exist_ok=True)
    manager.step()
    assert states(manager) == {1: AVAILABLE, 2: LOADING}  # not before the pause is over
    clock.now += 1000
    manager.step()
    assert answer(manager) == (2, 3.5)


def test_a_given_up_version_is_tried_anew_after_it_was_taken_away(
    manager, base, clock, write_half_plus
):
    write_half_plus(base, "1")
    (base / "2").mkdir()
    manager.step()
    clock.now += 1000
    manager.step()
    assert states(manager)[2] == END
    shutil.rmtree(base / "2")
    manager.step()
    write_half_plus(base, "2", 3)
    manager.step()
    assert answer(manager) == (2, 3.5)


def test_what_is_loaded_stays_when_the_base_path_vanishes(manager, base, write_half_plus, caplog):
    write_half_plus(base, "1")
    manager.step()
    base.rename(base.with_name("away"))
    for _ in range(3):
        manager.step()
    assert answer(manager) == (1, 2.5)
    assert caplog.text.count("does not exist: what is loaded stays") == 1
    base.with_name("away").rename(base)
    manager.step()
    assert answer(manager) == (1, 2.5)


def test_an_empty_base_path_unloads_everything(manager, base, write_half_plus):
    write_half_plus(base, "1")
    manager.step()
    shutil.rmtree(base / "1")
    manager.step()
    assert states(manager) == {1: END}
    with pytest.raises(ServingError, match="Latest"):
        manager.served.use(spec())


@pytest.mark.parametrize(
    ("policy", "loaded"),
    [
        (VersionPolicy(), {3}),
        (VersionPolicy(latest=2), {2, 3}),
        (VersionPolicy(all=True), {1, 2, 3}),
        (VersionPolicy(specific=frozenset({1, 3, 9})), {1, 3}),
    ],
    ids=["latest", "latest-2", "all", "specific"],
)
def test_policies(base, write_half_plus, policy, loaded):
    for version in ("1", "0002", "3"):
        write_half_plus(base, version)
    (base / "4.tmp").mkdir()
    (base / "-5").mkdir()
    (base / str(2**63)).mkdir()
    made = Manager([Model("half", str(base), policy)], Settings(), Metrics())
    made.step()
    assert states(made) == dict.fromkeys(loaded, AVAILABLE)
    made.close()


def test_an_op_that_only_the_trainer_had_fails_the_load(manager, base, write_half_plus):
    folder = write_half_plus(base, "1")
    from tensorflow.core.protobuf import saved_model_pb2

    graph = folder / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(graph.read_bytes())
    for function in model.meta_graphs[0].graph_def.library.function:
        for node in function.node_def:
            if node.op in ("AddV2", "Mul"):
                node.op = "Scann>ScannSearchBatched"
    graph.write_bytes(model.SerializeToString())
    manager.step()
    (entry,) = manager.served.status(spec()).model_version_status
    assert "Op type not registered 'Scann>ScannSearchBatched'" in entry.status.error_message


def write_warm_up(folder, *records):
    path = folder / "assets.extra" / "tf_serving_warmup_requests"
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)
    return path


def warm_up_record(signature="", **inputs):
    record = prediction_log_pb2.PredictionLog()
    request = record.predict_log.request
    request.model_spec.signature_name = signature
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return record.SerializeToString()


def test_warm_up_runs_before_the_version_answers(manager, base, write_half_plus, caplog):
    caplog.set_level("INFO")
    write_warm_up(
        write_half_plus(base, "1"),
        warm_up_record(x=[1.0]),
        warm_up_record("kinds", text=["a"], count=tf.constant([1], tf.int64)),
    )
    manager.step()
    assert states(manager) == {1: AVAILABLE}
    assert "2 warm-up requests" in caplog.text


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ([b"not a proto"], StatusCode.DATA_LOSS),
        ([warm_up_record("no-such-signature", x=[1.0])], StatusCode.FAILED_PRECONDITION),
        ([warm_up_record(x=["text"])], StatusCode.INVALID_ARGUMENT),
        ([warm_up_record(x=[1.0])] * 1001, StatusCode.INVALID_ARGUMENT),
        ([b""], StatusCode.UNIMPLEMENTED),
        (None, StatusCode.DATA_LOSS),
    ],
    ids=["junk", "unknown-signature", "wrong-type", "too-many", "empty-record", "flipped-byte"],
)
def test_a_bad_warm_up_file_fails_the_load(manager, base, write_half_plus, records, code):
    write_half_plus(base, "1")
    manager.step()
    path = write_warm_up(write_half_plus(base, "2"), *(records or [warm_up_record(x=[1.0])]))
    if records is None:
        content = bytearray(path.read_bytes())
        content[20] ^= 1
        path.write_bytes(content)
    manager.step()
    assert states(manager) == {1: AVAILABLE, 2: LOADING}
    entry = manager.served.status(spec(version=2)).model_version_status[0]
    assert entry.status.error_code == code.value[0]
    assert answer(manager) == (1, 2.5)


CONFIG = """model_config_list {{ config {{
  name: "half" base_path: "{base}" model_platform: "tensorflow"
  model_version_policy {{ specific {{ {versions} }} }} {labels}
}} }}"""


def configure(path, base, versions, **labels):
    path.write_text(
        CONFIG.format(
            base=base,
            versions=" ".join(f"versions: {version}" for version in versions),
            labels=" ".join(
                f'version_labels {{ key: "{k}" value: {v} }}' for k, v in labels.items()
            ),
        )
    )


@pytest.fixture
def configured(base, tmp_path, clock, write_half_plus):
    """A manager that follows a configuration of versions 1 and 2, `stable` being 1."""
    from serving.stand_in.configuration import read

    write_half_plus(base, "1", 2)
    write_half_plus(base, "2", 3)
    path = tmp_path / "models.config"
    configure(path, base, [1], stable=1)
    settings = Settings(model_config_file_poll_wait_seconds=1)
    made = Manager(read(str(path)), settings, Metrics(), str(path), clock)
    made.start()
    yield made, path
    made.close()


def step(manager, clock):
    clock.now += 1
    manager.step()


def test_promotion_in_the_two_steps_that_it_needs(configured, base, clock):
    manager, path = configured
    assert answer(manager, version_label="stable") == (1, 2.5)
    configure(path, base, [1, 2], stable=1, canary=2)
    step(manager, clock)
    assert answer(manager, version_label="stable") == (1, 2.5)
    assert answer(manager, version_label="canary") == (2, 3.5)
    configure(path, base, [1, 2], stable=2)
    step(manager, clock)
    assert answer(manager, version_label="stable") == (2, 3.5)
    with pytest.raises(ServingError, match="Unrecognized servable version label: canary"):
        manager.served.use(spec(version_label="canary"))
    configure(path, base, [2], stable=2)
    step(manager, clock)
    assert states(manager) == {1: END, 2: AVAILABLE}


def test_a_label_never_moves_to_a_version_that_does_not_answer(configured, base, clock, caplog):
    manager, path = configured
    configure(path, base, [1, 3], stable=3)
    step(manager, clock)
    assert "assign label to version 3 of model half, which is not currently" in caplog.text
    assert answer(manager, version_label="stable") == (1, 2.5)


def test_a_broken_configuration_leaves_the_old_one_in_force(configured, clock, caplog):
    manager, path = configured
    path.write_text("model_config_list { config { nonsense")
    for _ in range(3):
        step(manager, clock)
    assert caplog.text.count("The new configuration is not in force") == 1
    assert answer(manager, version_label="stable") == (1, 2.5)
    path.unlink()
    step(manager, clock)
    assert answer(manager) == (1, 2.5)


def test_a_model_that_left_the_configuration_is_unloaded(configured, clock):
    manager, path = configured
    path.write_text("model_config_list {}")
    step(manager, clock)
    assert states(manager) == {1: END}
    with pytest.raises(ServingError, match="Latest"):
        manager.served.use(spec())


def test_a_label_for_a_version_that_is_not_there_fails_the_start(base, write_half_plus):
    write_half_plus(base, "1")
    made = Manager([Model("half", str(base), labels={"stable": 2})], Settings(), Metrics())
    with pytest.raises(ServingError, match="assign label to version 2"):
        made.start()
    allowed = Settings(allow_version_labels_for_unavailable_models=True)
    made = Manager([Model("half", str(base), labels={"stable": 2})], allowed, Metrics())
    made.start()
    with pytest.raises(ServingError, match="Specific"):
        made.served.use(spec(version_label="stable"))
    made.close()


def test_a_start_with_nothing_but_junk_fails(base):
    (base / "1").mkdir()
    made = Manager([Model("half", str(base))], Settings(max_num_load_retries=0), Metrics())
    with pytest.raises(ConfigurationError, match=r"No version could be loaded\. half:"):
        made.start()
