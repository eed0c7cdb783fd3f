"""Transport to the version labelled stable, or to the newest where none is."""

from collections.abc import Mapping
from typing import Any

from serving.client.transport import Prediction, RequestRefused, Transport

STABLE = "stable"
NO_SUCH_LABEL = "Unrecognized servable version label"
"""TensorFlow Serving's message about a label that no version has."""


class StableFirst:
    """Two transports to one server, tried in order at each request."""

    def __init__(self, labelled: Transport, newest: Transport) -> None:
        """Wraps two transports.

        Args:
            labelled: Transport that asks for a label.
            newest: Transport that asks for none.
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
