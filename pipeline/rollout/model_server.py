"""Waits for a running TensorFlow Serving, by its REST API, to have loaded what it was told to."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

AVAILABLE, END = "AVAILABLE", "END"
POLL_SECONDS = 0.5
ANSWER_SECONDS = 10
LOCAL = ("http", "https")


class ModelServer:
    """One model of a server."""

    def __init__(self, url: str, model: str, patience: float) -> None:
        """Names the server.

        Args:
            url: Of its REST API, such as "http://127.0.0.1:8501".
            model: Name of the model.
            patience: Seconds to wait for something, at most.

        Raises:
            ValueError: `url` is no address of a web server.
        """
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in LOCAL or not parts.netloc:
            raise ValueError(f"A server looks like http://127.0.0.1:8501, got {url!r}.")
        self._models = f"{url.rstrip('/')}/v1/models/{urllib.parse.quote(model)}"
        self._url = url
        self._patience = patience

    def await_version(self, version: int) -> None:
        """Returns when the version is available.

        Raises:
            ValueError: It could not be loaded, or not in time.
        """
        self._await(f"versions/{version}", version, f"version {version} to be loaded")

    def await_label(self, label: str, version: int) -> None:
        """Returns when the label means the version.

        Raises:
            ValueError: It does not in time.
        """
        self._await(f"labels/{label}", version, f"{label} to mean version {version}")

    def _await(self, path: str, version: int, what: str) -> None:
        deadline = time.monotonic() + self._patience
        while True:
            answer = self._get(path)
            for status in answer.get("model_version_status", []):
                if int(status["version"]) == version and status["state"] == AVAILABLE:
                    return
                message = status.get("status", {}).get("error_message")
                if int(status["version"]) == version and status["state"] == END and message:
                    raise ValueError(f"{self._url} could not load version {version}: {message}")
            if time.monotonic() > deadline:
                raise ValueError(
                    f"Waited {self._patience:g} s for {what} at {self._url}; its last answer was "
                    f"{json.dumps(answer)}. A server takes notice only if it was started with "
                    "--model_config_file and --model_config_file_poll_wait_seconds."
                )
            time.sleep(POLL_SECONDS)

    def _get(self, path: str) -> dict[str, Any]:
        """Returns the server's answer, an error included.

        Raises:
            ValueError: Nobody answers, or no server of models does.
        """
        try:
            with urllib.request.urlopen(f"{self._models}/{path}", timeout=ANSWER_SECONDS) as answer:
                body = answer.read()
        except urllib.error.HTTPError as error:  # such as 404 while the version is not known
            body = error.read()
        except OSError as error:
            raise ValueError(
                f"No answer from {self._url} ({error}); with --no-server the configuration is "
                "written for a server that starts later."
            ) from error
        try:
            return dict(json.loads(body))
        except ValueError:
            raise ValueError(f"{self._url} does not answer as TensorFlow Serving does.") from None
