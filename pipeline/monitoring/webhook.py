"""Posts JSON to a webhook whose URL is a secret: it is in no log, record or message.

Therefore not by urllib3, as all other HTTP here: at debug level that logs the path of each request.
What is said is in `notification`.
"""

import dataclasses
import http.client
import json
import pathlib
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

import tenacity

from pipeline.config import Notify

REQUEST_SECONDS = 5.0
"""For connecting, and for the answer."""

TOTAL_SECONDS = 30.0
"""After this no attempt begins."""

PASSING = (408, 425, 429)
"""Refusals that pass, besides all from 500 on."""


class DeliveryError(OSError):
    """Nobody was told; the message says why, without the URL."""


class PassingError(DeliveryError):
    """It may work when it is tried again."""


@dataclasses.dataclass(frozen=True)
class Webhook:
    """Where notifications go."""

    source: str
    """Which setting names the secret, for messages."""

    url: str = dataclasses.field(default="", repr=False)
    """The secret itself; empty if it is not there."""

    problem: str = ""
    """Why it is not there."""

    def send(self, body: Mapping[str, Any], patience: float = TOTAL_SECONDS) -> None:
        """Posts a JSON object, and tries again after a refusal that passes.

        Args:
            body: The object.
            patience: Seconds after which no attempt begins.

        Raises:
            DeliveryError: Nobody was told.
        """
        if self.problem:
            raise DeliveryError(f"{self.source}: {self.problem}")
        content = json.dumps(body).encode()
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(PassingError),
            stop=tenacity.stop_before_delay(patience),
            wait=tenacity.wait_exponential(multiplier=patience / 60, max=patience / 4),
            reraise=True,
        )
        try:
            retrying(_post, self.url, content)
        except DeliveryError as error:
            tries = retrying.statistics["attempt_number"]
            message = f"{self.source}: {error}, after {tries} attempt{'s' * (tries > 1)}"
            raise DeliveryError(message) from None


def find(notify: Notify, environ: Mapping[str, str]) -> Webhook | None:
    """Returns the webhook that settings name, or None if they name none.

    Args:
        notify: The settings.
        environ: Environment variables.
    """
    if notify.webhook_env:
        source = f"notify.webhook_env={notify.webhook_env}"
        url = environ.get(notify.webhook_env, "")
        return _webhook(source, url, "" if url else "there is no such environment variable")
    if not notify.webhook_file:
        return None
    source = f"notify.webhook_file={notify.webhook_file}"
    try:
        return _webhook(source, pathlib.Path(notify.webhook_file).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        return Webhook(source, problem=f"the file can't be read ({type(error).__name__})")


def _webhook(source: str, text: str, problem: str = "") -> Webhook:
    url = text.strip()
    is_url = url.isascii() and url.isprintable() and " " not in url
    if not problem and not (is_url and url.startswith(("https://", "http://"))):
        problem = "what it holds is no URL, http:// or https://"
    return Webhook(source, "" if problem else url, problem)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Takes a redirection for a refusal: of a POST it would make a GET that tells nothing."""

    def redirect_request(self, *_: Any) -> None:
        """Follows none."""


def _post(url: str, content: bytes) -> None:
    """Posts once. Only kinds of errors are named: their messages may hold the URL.

    Raises:
        DeliveryError: Nobody was told.
    """
    try:
        request = urllib.request.Request(url, content, {"Content-Type": "application/json"})
        opener = urllib.request.build_opener(_NoRedirects)
        with opener.open(request, timeout=REQUEST_SECONDS):
            pass
    except urllib.error.HTTPError as error:
        error.close()
        kind = PassingError if error.code >= 500 or error.code in PASSING else DeliveryError
        raise kind(f"it answered HTTP {error.code}") from None
    except urllib.error.URLError as error:
        raise PassingError(f"it can't be reached ({type(error.reason).__name__})") from None
    except (OSError, http.client.HTTPException) as error:
        raise PassingError(f"it can't be reached ({type(error).__name__})") from None
    except ValueError as error:
        raise DeliveryError(f"what it holds is no URL ({type(error).__name__})") from None
