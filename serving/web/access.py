"""Who may ask an HTTP server: under which host names, and with which token."""

import base64
import binascii
import dataclasses
import hmac
import ipaddress
from collections.abc import Mapping

from tornado import httputil

from serving.web import wsgi

CHALLENGE = ("WWW-Authenticate", 'Basic realm="the token is the password", charset="UTF-8"')
"""Lets a browser ask for the token."""


@dataclasses.dataclass(frozen=True)
class Access:
    """What a request must have in its header."""

    hosts: frozenset[str] = frozenset()
    """Names by which the server may be asked, lower case, besides `localhost` and addresses. A page
    of somebody else can let its own name point here (DNS rebinding), but not choose another one."""

    token: str = dataclasses.field(default="", repr=False)
    """Bearer token, also taken as the password of basic authentication; empty: none is needed."""

    def refuse(self, headers: Mapping[str, str]) -> wsgi.Answer | None:
        """Returns the refusal of a request with these headers; None if it may be answered."""
        host = headers.get("Host")
        if host is not None and not self._is_ours(host):
            return wsgi.error(
                403, f"The server is not asked as {host[:100]!r}: see its --allow-host."
            )
        if self.token and not self._has_token(headers.get("Authorization", "")):
            message = 'A token is needed: send "Authorization: Bearer TOKEN".'
            return wsgi.error(401, message, CHALLENGE)
        return None

    def _is_ours(self, host: str) -> bool:
        name = httputil.split_host_and_port(host)[0].lower()
        try:
            ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
        except ValueError:
            return name == "localhost" or name in self.hosts
        return True  # nobody can let an address point elsewhere

    def _has_token(self, authorization: str) -> bool:
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() == "basic":
            given = _password(given)
        elif scheme.lower() != "bearer":
            return False
        return hmac.compare_digest(given.strip().encode(), self.token.encode())


def _password(credentials: str) -> str:
    try:
        return base64.b64decode(credentials).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
