"""Model status over TensorFlow Serving's REST API. Needs no TensorFlow."""

import json
from typing import Any

import urllib3

from serving import bearer
from serving.client.rest_transport import describe, model_url
from serving.client.transport import ServingUnavailable

AVAILABLE, END = "AVAILABLE", "END"


class NotAModelServer(ValueError):  # noqa: N818
    """Something else than a model server answers."""


class ModelStatus:
    """Status of one model of a server."""

    def __init__(
        self, url: str, model: str, timeout: float, ca_file: str = "", token_file: str = ""
    ) -> None:
        """Prepares the requests; nothing is sent yet.

        Args:
            url: Address of the server's REST API, such as `http://127.0.0.1:8501`.
            model: Name of the model.
            timeout: Seconds to wait for a connection, and for each read.
            ca_file: Certificates that an https server's is checked against; see `RestTransport`.
            token_file: File of a bearer token; see `RestTransport`.

        Raises:
            ValueError: The token would be sent in the clear.
        """
        if token_file:
            bearer.check_private(url, token_file)
        self._token_file = token_file
        self._server = url
        self._url = model_url(url, model)
        self._pool = urllib3.PoolManager(retries=False, timeout=timeout, ca_certs=ca_file or None)

    def fetch(self, path: str = "") -> dict[str, Any]:
        """Returns the server's answer, which may be an error, such as that of an unknown version.

        Args:
            path: `/versions/NUMBER` or `/labels/NAME`; by default all versions are asked for.

        Raises:
            ServingUnavailable: Nobody answers.
            NotAModelServer: The answer is not JSON.
        """
        try:
            response = self._pool.request(
                "GET", self._url + path, headers=bearer.header(self._token_file)
            )
        except urllib3.exceptions.HTTPError as error:
            raise ServingUnavailable(
                f"No answer from {self._server} ({describe(error)})"
            ) from error
        try:
            return dict(json.loads(response.data))
        except (ValueError, TypeError):
            raise NotAModelServer(
                f"{self._server} does not answer as TensorFlow Serving does."
            ) from None
