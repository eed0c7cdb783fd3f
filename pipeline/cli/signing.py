"""`movielens serving sign`, and the option of commands that check a signature."""

import pathlib
from typing import TYPE_CHECKING

import click

from pipeline.cli import values, versions

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

KEY_VARIABLE = "MOVIELENS_VERIFY_KEY"
key_option = click.option(
    "--key",
    type=values.FILE,
    envvar=KEY_VARIABLE,
    help=f"Public key that versions must be signed with.  [default: ${KEY_VARIABLE}, else any]",
)


@click.command()
@click.argument("version", type=values.VERSION)
@click.option("--key", required=True, type=values.FILE, help="Private ed25519 key, PEM.")
@versions.options
def sign(version: int, key: pathlib.Path, base: pathlib.Path | None, runs: pathlib.Path) -> None:
    """Signs VERSION, as a push does with serving.signing_key_file.

    The signature is over the manifest, which holds a checksum of every file.
    """
    from components.bundle import manifest
    from components.registry import placing, signature
    from components.registry import versions as registry

    private = signature.read_private(str(key))
    folder = versions.find_base(base, runs)
    with placing.locked(folder, "signature of a version"):
        path = registry.folder(folder, version)
        problems = manifest.problems(path)
        if problems:
            raise ValueError(f"Version {version} is damaged, not signed: {'; '.join(problems)}.")
        signature.sign(path, private)
    print(f"version {version} is signed")


def public_key(path: pathlib.Path | None) -> "Ed25519PublicKey | None":
    """Returns the key in a file; None if no file was named.

    Raises:
        ValueError: The file holds none.
    """
    from components.registry import signature

    return signature.read_public(str(path)) if path else None
