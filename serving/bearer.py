"""Bearer tokens: read from a file, and sent only where nobody on the way can read them."""

import ipaddress
import urllib.parse


def read(path: str) -> str:
    """Returns the token in a file.

    Raises:
        ValueError: The file can't be read, is empty, or holds something else; the message names it
            and not what is in it.
    """
    try:
        with open(path, encoding="ascii") as file:
            token = file.read().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not ASCII text"
        raise ValueError(f"Can't read a token from {path}: {reason}.") from None
    if not token or not token.isprintable() or " " in token:
        raise ValueError(f"{path} must hold one token, a text without spaces, and nothing else.")
    return token


def header(path: str) -> dict[str, str]:
    """Returns the header that carries the token of a file; none where no file is named.

    Raises:
        ValueError: The file holds no token.
    """
    return {"Authorization": f"Bearer {read(path)}"} if path else {}


def is_loopback(host: str) -> bool:
    """Returns whether what is sent to a host, a name or an address, stays on this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def check_private(url: str, secret: str) -> None:
    """Checks that a secret may be sent to an address.

    Args:
        url: Address, with its scheme.
        secret: What it is and where it comes from, for the message.

    Raises:
        ValueError: It would be sent in the clear over a network.
    """
    parts = urllib.parse.urlsplit(url)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise ValueError(
            f"{url} is not https, so that anybody on the way could read {secret}: nothing was "
            "sent. Use https, or a port-forward to localhost."
        )
