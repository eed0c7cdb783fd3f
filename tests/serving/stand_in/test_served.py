import pytest
from tensorflow_serving.apis import model_pb2

from serving.stand_in.configuration import Model
from serving.stand_in.errors import ServingError
from serving.stand_in.served import Served
from serving.stand_in.versions import AVAILABLE, END, LOADING, Version


class Servable:
    """Lets users in until it is closed."""

    def __init__(self, is_open=True):
        self.is_open = is_open

    def enter(self):
        return self.is_open


def spec(name="half", version=None, label=""):
    made = model_pb2.ModelSpec(name=name, version_label=label)
    if version is not None:
        made.version.value = version
    return made


@pytest.fixture
def served():
    served = Served()
    served.add("half")
    for number, state in ((1, AVAILABLE), (2, AVAILABLE), (3, LOADING), (4, END)):
        servable = Servable() if state == AVAILABLE else None
        served.put("half", Version(number, f"/half/{number}", state, servable=servable))
    served.set_labels([Model("half", "/half", labels={"stable": 1})], False)
    return served


@pytest.mark.parametrize(
    ("asked", "number"),
    [(spec(), 2), (spec(version=1), 1), (spec(label="stable"), 1)],
    ids=["latest", "by-number", "by-label"],
)
def test_the_version_that_answers(served, asked, number):
    assert served.use(asked)[0] == number


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (spec(""), "no name"),
        (spec("other"), r"Latest\(other\)"),
        (spec(version=3), r"Specific\(half, 3\)"),
        (spec(version=9), r"Specific\(half, 9\)"),
        (spec(label="nobody"), "Unrecognized servable version label: nobody"),
    ],
    ids=["no-name", "model", "loading", "version", "label"],
)
def test_nothing_answers(served, asked, message):
    with pytest.raises(ServingError, match=message):
        served.use(asked)


def test_a_retired_version_answers_nobody(served):
    served.versions("half")[2].servable.is_open = False
    with pytest.raises(ServingError, match=r"Latest\(half\)"):
        served.use(spec())


def test_states_are_told_newest_first(served):
    entries = served.status(spec()).model_version_status
    assert [(entry.version, entry.state) for entry in entries] == [
        (4, END),
        (3, LOADING),
        (2, AVAILABLE),
        (1, AVAILABLE),
    ]
    assert served.available("half") == {1, 2}


@pytest.mark.parametrize("label", ["stable", "nobody"])
def test_a_label_has_no_part_in_a_status(served, label):
    assert served.status(spec(label=label)) == served.status(spec())


def test_one_label_that_can_not_move_keeps_all_as_they_were(served):
    wanted = [Model("half", "/half", labels={"stable": 2, "canary": 3})]
    with pytest.raises(ServingError, match="assign label to version 3"):
        served.set_labels(wanted, False)
    assert served.use(spec(label="stable"))[0] == 1
    served.set_labels(wanted, True)  # a new label may point to a version that loads later
    assert served.use(spec(label="stable"))[0] == 2


def test_labels_can_be_dropped(served):
    served.drop_labels("half")
    with pytest.raises(ServingError, match="Unrecognized"):
        served.use(spec(label="stable"))
