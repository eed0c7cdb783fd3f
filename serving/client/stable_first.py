"""Asks what users are served: the version labelled stable, or, where none is, the newest."""

from collections.abc import Mapping
from typing import Any

from serving.client.transport import Prediction, RequestRefused, Transport

STABLE = "stable"
NO_SUCH_LABEL = "Unrecognized servable version label"
"""What TensorFlow Serving says of a label that no version has."""


class StableFirst:
    """Two transports to one server. Which of them answers is asked anew each time."""

    def __init__(self, labelled: Transport, newest: Transport) -> None:
        """Uses two transports.

        Args:
            labelled: Asks for a label.
            newest: Asks for none.
        """
        self._labelled = labelled
        self._newest = newest

    def predict(self, signature: str, inputs: Mapping[str, Any]) -> Prediction:
        """Runs a signature; see `Transport`."""
        try:
            return self._labelled.predict(signature, inputs)
        except RequestRefused as error:
            if NO_SUCH_LABEL not in str(error):
                raise
        return self._newest.predict(signature, inputs)
