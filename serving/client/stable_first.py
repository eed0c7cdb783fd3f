"""Transport to the version labelled stable, or to the newest where none is."""

from collections.abc import Mapping
from typing import Any, Protocol

from serving.client.transport import NO_SUCH_LABEL, Prediction, RequestRefused, Transport

STABLE = "stable"


class LabelledTransport(Transport, Protocol):
    """A transport to the version of a label, which can tell whether there is one."""

    def has_label(self) -> bool:
        """Returns whether some version has the label, without a request that counts as refused."""


class StableFirst:
    """Two transports to one server: the labelled one answers as soon as some version is labelled.

    It asks what exists, and predicts only then: a refused prediction would count as an error.
    """

    def __init__(self, labelled: LabelledTransport, newest: Transport) -> None:
        """Wraps two transports.

        Args:
            labelled: Transport that asks for a label.
            newest: Transport that asks for none.
        """
        self._labelled = labelled
        self._newest = newest
        self._is_labelled = False

    def predict(self, signature: str, inputs: Mapping[str, Any]) -> Prediction:
        """Runs a signature; see `Transport`."""
        if not self._is_labelled:
            self._is_labelled = self._labelled.has_label()
        if self._is_labelled:
            try:
                return self._labelled.predict(signature, inputs)
            except RequestRefused as error:
                if NO_SUCH_LABEL not in str(error):
                    raise
                self._is_labelled = False  # it was, until just now
        return self._newest.predict(signature, inputs)
