"""REST transport. Needs no TensorFlow."""

import json
import urllib.parse
from collections.abc import Mapping
from typing import Any

import numpy as np
import urllib3

from serving import bearer
from serving.client.transport import (
    DEADLINE_SECONDS,
    MODEL,
    Prediction,
    RequestRefused,
    ServingUnavailable,
    Transient,
    until_deadline,
)

RETRIED = (429, 503, 504)
CONNECTIONS = 16


class RestTransport:
    """A pool of connections to a model server, safe to share between threads."""

    def __init__(
        self,
        url: str,
        model: str = MODEL,
        label: str = "",
        deadline: float = DEADLINE_SECONDS,
        ca_file: str = "",
        token_file: str = "",
    ) -> None:
        """Prepares the pool; nothing is sent yet.

        Args:
            url: Address of the server, such as `http://127.0.0.1:8501`.
            model: Name of the served model.
            label: Version label, such as `stable`; by default the latest version answers.
            deadline: Seconds that a request may take, retries included.
            ca_file: Certificates that an https server's is checked against, PEM; by default those
                of well-known authorities.
            token_file: File of a bearer token, read for every request. It goes over https, or to
                this machine, only.

        Raises:
            ValueError: The token would be sent in the clear.
        """
        if token_file:
            bearer.check_private(url, token_file)
        self._token_file = token_file
        labelled = f"/labels/{urllib.parse.quote(label, safe='')}" if label else ""
        self._url = f"{model_url(url, model)}{labelled}:predict"
        self._deadline = deadline
        self._pool = urllib3.PoolManager(
            maxsize=CONNECTIONS, retries=False, ca_certs=ca_file or None
        )

    def predict(self, signature: str, inputs: Mapping[str, Any]) -> Prediction:
        """Runs a signature; see `Transport`."""
        values = {
            name: value.tolist() if isinstance(value, np.ndarray) else value
            for name, value in inputs.items()
        }
        body = json.dumps({"signature_name": signature, "inputs": values}).encode()
        answer = until_deadline(lambda left: self._attempt(body, left), self._deadline, self._url)
        outputs = answer["outputs"]
        return Prediction({name: np.array(value) for name, value in outputs.items()}, None)

    def _attempt(self, body: bytes, left: float) -> dict[str, Any]:
        try:
            response = self._pool.request(
                "POST",
                self._url,
                body=body,
                headers={"Content-Type": "application/json", **bearer.header(self._token_file)},
                timeout=urllib3.Timeout(total=left),
            )
        except urllib3.exceptions.SSLError as error:  # another attempt would end as this one
            raise ServingUnavailable(f"No answer from {self._url}: {describe(error)}") from error
        except urllib3.exceptions.HTTPError as error:
            raise Transient(describe(error)) from error
        if response.status in RETRIED:
            raise Transient(f"HTTP {response.status}: {response.data[:500]!r}")
        if response.status != 200:
            message = response.data[:2000].decode(errors="replace")
            raise RequestRefused(f"HTTP {response.status} from {self._url}: {message}")
        return json.loads(response.data)

    def close(self) -> None:
        """Closes the connections."""
        self._pool.clear()

    def __enter__(self) -> "RestTransport":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def model_url(url: str, model: str) -> str:
    """Returns the address of a model.

    Args:
        url: Address of the server.
        model: Name of the model, any text.
    """
    return f"{url.rstrip('/')}/v1/models/{urllib.parse.quote(model, safe='')}"


def describe(error: urllib3.exceptions.HTTPError) -> str:
    """Returns an error's message without the connection object that precedes it."""
    return str(error.args[-1] if error.args else error).rpartition(">: ")[2]
