"""Waiting for a running TensorFlow Serving to load what its configuration asks for."""

import json
import urllib.parse
from collections.abc import Callable
from typing import Any

import tenacity

from serving.client.model_status import AVAILABLE, END, ModelStatus
from serving.client.transport import ServingUnavailable

POLL_SECONDS = 0.5
ANSWER_SECONDS = 10
SCHEMES = ("http", "https")
SPEC = "model_spec"


class ModelServer:
    """One model of a running server, seen through its REST API."""

    def __init__(
        self, url: str, model: str, patience: float, ca_file: str = "", token_file: str = ""
    ) -> None:
        """Prepares the requests; nothing is sent yet.

        Args:
            url: Address of the server's REST API, such as "http://127.0.0.1:8501".
            model: Name of the model.
            patience: Seconds to wait for a version or a label.
            ca_file: Certificates that an https server's is checked against, PEM; by default those
                of well-known authorities.
            token_file: File of a bearer token.

        Raises:
            ValueError: `url` is not the address of a web server, or the token would be sent to it
                in the clear.
        """
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in SCHEMES or not parts.netloc:
            raise ValueError(f"A server looks like http://127.0.0.1:8501, got {url!r}.")
        self._status = ModelStatus(url, model, ANSWER_SECONDS, ca_file, token_file)
        self._url = url
        self._patience = patience

    def await_version(self, version: int) -> None:
        """Waits until the version is available.

        Raises:
            ValueError: It could not be loaded, or not in time.
        """
        self._await(
            f"/versions/{version}",
            lambda answer: self._is_loaded(answer, version),
            f"version {version} to be loaded",
        )

    def await_label(self, label: str, version: int) -> None:
        """Waits until the label means the version.

        The metadata tell: a model's status is that of all its versions, whatever label it is asked
        by (TensorFlow Serving 2.16).

        Raises:
            ValueError: It does not in time.
        """
        self._await(
            f"/labels/{urllib.parse.quote(label, safe='')}/metadata",
            lambda answer: answer.get(SPEC, {}).get("version") == str(version),
            f"{label} to mean version {version}",
        )

    def _await(self, path: str, reached: Callable[[dict[str, Any]], bool], goal: str) -> None:
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_delay(self._patience),
            wait=tenacity.wait_fixed(POLL_SECONDS),
            retry=tenacity.retry_if_result(lambda answer: not reached(answer)),
        )
        try:
            retrying(self._fetch, path)
        except tenacity.RetryError as error:
            answer = error.last_attempt.result()
            raise ValueError(
                f"Waited {self._patience:g} s for {goal} at {self._url}; its last answer was "
                f"{json.dumps(answer.get(SPEC, answer))}. A server takes notice only if it was "
                "started with --model_config_file and --model_config_file_poll_wait_seconds."
            ) from None

    def _is_loaded(self, answer: dict[str, Any], version: int) -> bool:
        """Returns whether an answer says that the version is available.

        Raises:
            ValueError: It says that the version could not be loaded.
        """
        for status in answer.get("model_version_status", []):
            if int(status["version"]) != version:
                continue
            if status["state"] == AVAILABLE:
                return True
            message = status.get("status", {}).get("error_message")
            if status["state"] == END and message:
                raise ValueError(f"{self._url} could not load version {version}: {message}")
        return False

    def _fetch(self, path: str) -> dict[str, Any]:
        """Returns the server's answer, which may be an error, such as 404 for a new version.

        Raises:
            ValueError: Nobody answers, or something else than a model server does.
        """
        try:
            return self._status.fetch(path)
        except ServingUnavailable as error:
            raise ValueError(
                f"{error}; with --no-server the configuration is written for a server that starts "
                "later."
            ) from error
