"""Signature of a version: ed25519 over its manifest, which holds a checksum of every file.

The manifest alone shows damage; whoever may change files may also change it. Only who has the key
can sign, so a signature shows that a version comes from them. Any tool can check it:
`openssl pkeyutl -verify -pubin -inkey PUBLIC -rawin -in manifest.json -sigfile manifest.json.sig`.
"""

import os
import uuid

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from tfx.dsl.io import fileio

from components.bundle import manifest

MAKE_PRIVATE = "openssl genpkey -algorithm ed25519 -out FILE"
MAKE_PUBLIC = "openssl pkey -in PRIVATE -pubout -out FILE"


def read_private(path: str) -> Ed25519PrivateKey:
    """Returns the key in a file, PEM without a passphrase.

    Raises:
        ValueError: The file holds none; the message names it, and how to make one.
    """
    content = _read_key(path)
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _no_key(path, "a private key without a passphrase", MAKE_PRIVATE) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _no_key(path, "an ed25519 key", MAKE_PRIVATE)
    return key


def read_public(path: str) -> Ed25519PublicKey:
    """Returns the public key in a file, PEM.

    Raises:
        ValueError: The file holds none; the message names it, and how to make one.
    """
    content = _read_key(path)
    try:
        key = serialization.load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm):
        raise _no_key(path, "a public key", MAKE_PUBLIC) from None
    if not isinstance(key, Ed25519PublicKey):
        raise _no_key(path, "an ed25519 key", MAKE_PUBLIC)
    return key


def sign(bundle: str, key: Ed25519PrivateKey) -> None:
    """Writes the signature of a bundle beside its manifest, at once and whole.

    Args:
        bundle: Path of the bundle's SavedModel, which has a manifest.
        key: Key of who pushes.
    """
    temporary = f"{bundle.rstrip('/')}-{uuid.uuid4().hex}.sig"  # no number, and outside the bundle
    with fileio.open(temporary, "wb") as file:
        file.write(key.sign(_read(bundle, manifest.PATH)))
    fileio.rename(temporary, os.path.join(bundle, manifest.SIGNATURE), overwrite=True)


def is_signed(bundle: str) -> bool:
    """Returns whether a bundle has a signature, by whomever."""
    return bool(fileio.exists(os.path.join(bundle, manifest.SIGNATURE)))


def problems(bundle: str, key: Ed25519PublicKey) -> list[str]:
    """Returns why a manifest is not known to come from who has the key; nothing if it is.

    That the files are those of the manifest is for `manifest.problems` to say.

    Args:
        bundle: Path of the bundle's SavedModel.
        key: Key of who may push.
    """
    if not is_signed(bundle):
        return ["it is not signed"]
    try:
        key.verify(_read(bundle, manifest.SIGNATURE), _read(bundle, manifest.PATH))
    except InvalidSignature:
        return ["its signature is not by this key, or its manifest was changed since"]
    return []


def _read(bundle: str, path: str) -> bytes:
    with fileio.open(os.path.join(bundle, path), "rb") as file:
        return bytes(file.read())


def _read_key(path: str) -> bytes:
    """Returns what is in the file of a key.

    Raises:
        ValueError: It can't be read.
    """
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ValueError(f"Can't read the key {path}: {error.strerror}.") from None


def _no_key(path: str, wanted: str, command: str) -> ValueError:
    return ValueError(f"{path} does not hold {wanted}; `{command}` makes one.")
