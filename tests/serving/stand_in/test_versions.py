from tensorflow_serving.apis import get_model_status_pb2

from serving.stand_in import versions
from serving.stand_in.errors import StatusCode


def test_a_new_version_has_not_been_tried():
    version = versions.Version(7, "/half/7")
    assert (version.state, version.code, version.message) == (versions.START, StatusCode.OK, "")
    assert (version.attempts, version.servable, version.unwanted) == (0, None, False)


def test_states_are_those_of_the_api():
    names = get_model_status_pb2.ModelVersionStatus.State.Name
    states = (versions.START, versions.LOADING, versions.AVAILABLE, versions.UNLOADING)
    assert [names(state) for state in states] == ["START", "LOADING", "AVAILABLE", "UNLOADING"]
    assert names(versions.END) == "END"
