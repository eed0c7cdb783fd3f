import numpy as np
import pytest

from serving.client.stable_first import StableFirst
from serving.client.transport import Prediction, RequestRefused, ServingUnavailable


class Fake:
    """A transport that answers with a version, or raises an error."""

    def __init__(self, result):
        self.result = result
        self.asked = 0
        self.is_labelled = True

    def has_label(self):
        return self.is_labelled

    def predict(self, signature, inputs):
        self.asked += 1
        if isinstance(self.result, Exception):
            raise self.result
        return Prediction({"x": np.array(inputs["x"])}, self.result)


NO_LABEL = RequestRefused("INVALID_ARGUMENT: Unrecognized servable version label: stable")


def test_the_label_answers_where_there_is_one():
    newest = Fake(2)
    assert StableFirst(Fake(1), newest).predict("s", {"x": [1]}).version == 1
    assert not newest.asked


def test_the_newest_answers_where_nothing_has_the_label():
    labelled = Fake(NO_LABEL)
    labelled.is_labelled = False
    both = StableFirst(labelled, Fake(2))
    assert both.predict("s", {"x": [1]}).version == 2
    assert not labelled.asked  # a refusal would count as a client's error
    labelled.is_labelled, labelled.result = True, 1  # promoted since
    assert both.predict("s", {"x": [1]}).version == 1
    labelled.is_labelled, labelled.result = False, NO_LABEL  # and the label is gone again
    assert [both.predict("s", {"x": [1]}).version for _ in range(2)] == [2, 2]
    assert labelled.asked == 2


@pytest.mark.parametrize(
    "error", [RequestRefused("no such signature"), ServingUnavailable("nobody")], ids=type
)
def test_any_other_error_is_passed_on(error):
    newest = Fake(2)
    with pytest.raises(type(error), match=str(error)):
        StableFirst(Fake(error), newest).predict("s", {"x": [1]})
    assert not newest.asked
