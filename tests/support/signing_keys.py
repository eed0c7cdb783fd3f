"""Keys that versions are signed with."""

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def write(folder):
    """Writes a new pair of keys as PEM, and returns the paths: private, public."""
    key = Ed25519PrivateKey.generate()
    pem = serialization.Encoding.PEM
    private, public = folder / "signing.pem", folder / "signing.pub"
    private.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    public.write_bytes(
        key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return str(private), str(public)
