"""Reaching a Kubeflow Pipelines API: who is asking, and what its refusals mean.

Secrets are read where the command line says, handed to the client, and neither kept, printed nor
written anywhere else.
"""

import contextlib
import dataclasses
import json
import os
import pathlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import certifi
import kfp
import kfp_server_api
import urllib3
from kfp.client import set_volume_credentials

from pipeline.kubeflow.environment.cluster import Environment
from serving import bearer

TOKEN_FILE = "KF_PIPELINES_TOKEN_FILE"
SERVICE_ACCOUNT_TOKEN = "KF_PIPELINES_SA_TOKEN_PATH"  # the name that kfp gave it
COOKIE = "KF_PIPELINES_COOKIE"
CA_FILE = "KF_PIPELINES_CA_FILE"
REFUSED = (401, 403)
LONGEST_MESSAGE = 600
PATIENCE = 30.0  # seconds
RELEASE = re.compile(r"v?(\d+)\.(\d+)\b")
RELEASE_FIELDS = ("tag_name", "apiServerTagName")  # the API's own, and the UI's in front of it
SCHEDULE_GONE = re.compile(r"scheduledworkflows\S* \S+ not found")


class ServerError(ValueError):
    """The server refused, or could not be reached; the message says what to do."""


class ScheduleGoneError(ServerError):
    """The Kubernetes object of a recurring run is gone: it starts nothing any more."""


@dataclasses.dataclass(frozen=True)
class Connection:
    """A server that has answered."""

    client: kfp.Client
    """Kubeflow's own client of it."""

    release: tuple[int, ...]
    """Its release, such as (2, 17); empty where it does not say."""


@dataclasses.dataclass(frozen=True)
class Authentication:
    """Who is asking. Nothing of it but `source` may be shown."""

    source: str
    """Where the secret comes from, for messages."""

    token_file: str = ""
    """File of a bearer token, read again for every request: whoever renews it need not tell us."""

    cookie: str = dataclasses.field(default="", repr=False)
    """Cookie header of a logged-in browser."""

    ca_file: str = ""
    """Certificates that the server's is checked against; empty: those of well-known authorities."""


def authentication(variables: Mapping[str, str]) -> Authentication:
    """Returns how to authenticate, by the environment variables of the command line.

    Args:
        variables: By name. With none of ours the connection needs no secret: a port-forward.

    Raises:
        ValueError: Two ways at once, or a file that can't be read.
    """
    given = [n for n in (TOKEN_FILE, SERVICE_ACCOUNT_TOKEN, COOKIE) if variables.get(n)]
    if len(given) > 1:
        raise ValueError(f"{' and '.join(given)} are both set; unset all but one.")
    ca_file = variables.get(CA_FILE, "")
    for name in [*given, *([CA_FILE] if ca_file else [])]:
        if name != COOKIE and not _holds_something(variables[name]):
            raise ValueError(f"{name} is {variables[name]!r}: no such file, or an empty one.")
    if not given:
        return Authentication("no secret (a port-forward)", ca_file=ca_file)
    name = given[0]
    if name == COOKIE:
        return Authentication(f"the cookie in {name}", cookie=variables[name], ca_file=ca_file)
    source = f"the token in {variables[name]} ({name})"
    return Authentication(source, token_file=variables[name], ca_file=ca_file)


def connect(environment: Environment, who: Authentication) -> Connection:
    """Returns a connection to the environment's API, which has answered.

    Raises:
        ServerError: It can't be reached, refuses us, or something else answers in its place; or a
            secret would be sent to it in the clear.
    """
    if who.token_file or who.cookie:
        try:
            bearer.check_private(environment.host, who.source)
        except ValueError as error:
            raise ServerError(str(error)) from None
    health = _ask_for_health(environment, who)
    credentials = None
    if who.token_file:
        credentials = set_volume_credentials.ServiceAccountTokenVolumeCredentials(who.token_file)
    client = kfp.Client(
        host=environment.host,
        namespace=environment.namespace,
        credentials=credentials,
        cookies=who.cookie or None,
        ssl_ca_cert=who.ca_file or None,
    )
    return Connection(client, release_of(health))


def release_of(health: Mapping[str, Any]) -> tuple[int, ...]:
    """Returns major and minor number of a server's release; empty where it does not say.

    Args:
        health: Its answer to `healthz`.
    """
    tags = (str(health.get(name, "")) for name in RELEASE_FIELDS)
    match = next(filter(None, map(RELEASE.match, tags)), None)
    return tuple(map(int, match.groups())) if match else ()


@contextlib.contextmanager
def explained(environment: Environment, who: Authentication) -> Iterator[None]:
    """Turns the client's exceptions into messages for people.

    The exceptions themselves are dropped: their text holds headers, and headers hold cookies.

    Raises:
        ServerError: The client raised.
    """
    host = environment.host
    try:
        yield
    except kfp_server_api.ApiException as error:
        message = said(error.body, error.reason)
        if error.status in REFUSED:
            raise ServerError(_refusal(environment, who, error.status, message)) from None
        status = f"{error.status}: " if error.status else ""
        kind = ScheduleGoneError if SCHEDULE_GONE.search(message) else ServerError
        raise kind(f"{host} answered {status}{message}") from None
    except urllib3.exceptions.HTTPError as error:
        reason = getattr(error, "reason", None) or error
        raise ServerError(
            f"{host} can't be reached ({reason}). Is the port-forward running, the URL right?"
        ) from None


def said(body: str | bytes | None, reason: str | None) -> str:
    """Returns what the server said, in the words of its gateway's JSON, or of HTTP."""
    fields = fields_of(body)
    message = fields.get("message") or fields.get("error") or reason or "nothing"
    return " ".join(str(message).split())[:LONGEST_MESSAGE]


def fields_of(body: str | bytes | None) -> dict[str, Any]:
    """Returns the fields of an answer that is a JSON object; none of any other."""
    try:
        answer = json.loads(body or "{}")
    except json.JSONDecodeError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _ask_for_health(environment: Environment, who: Authentication) -> dict[str, Any]:
    """Returns what a server says of itself, asked once and without following redirects.

    The client would follow one to a login page, and read that page as an empty list of everything.
    """
    headers = {"Accept": "application/json"}
    if who.token_file:
        token = pathlib.Path(who.token_file).read_text().strip()
        headers["Authorization"] = f"Bearer {token}"
    if who.cookie:
        headers["Cookie"] = who.cookie
    pool = urllib3.PoolManager(ca_certs=who.ca_file or certifi.where())
    with explained(environment, who):
        answer = pool.request(
            "GET",
            f"{environment.host.rstrip('/')}/apis/v2beta1/healthz",
            headers=headers,
            redirect=False,
            retries=False,
            timeout=PATIENCE,
        )
    if answer.status in REFUSED:
        message = said(answer.data, answer.reason)
        raise ServerError(_refusal(environment, who, answer.status, message))
    kind = answer.headers.get("Content-Type", "no content type")
    if answer.status != 200 or not kind.startswith("application/json"):
        raise ServerError(
            f"{environment.host} answered {answer.status} with {kind}, which is no Kubeflow "
            f"Pipelines API: the wrong URL, or a login page. Asked with {who.source}; see "
            "kubeflow/README.md on authentication."
        )
    return fields_of(answer.data)


def _refusal(environment: Environment, who: Authentication, status: int, message: str) -> str:
    return (
        f"{environment.host} refuses {who.source} ({status}: {message}). Has it expired? May it do "
        "this? See kubeflow/README.md on authentication."
    )


def _holds_something(path: str) -> bool:
    return os.path.isfile(path) and os.path.getsize(path) > 0
