"""What the page and the local server ask of their clients: host names, TLS, a token."""

import dataclasses
import ssl

import grpc
from cryptography import x509

from serving import bearer
from serving.web.access import Access


@dataclasses.dataclass(frozen=True)
class Security:
    """Options of both servers. Tokens and keys are files: no command line shows a secret."""

    allow_hosts: tuple[str, ...] = ()
    """Host names by which they may be asked, besides `localhost` and addresses."""

    tls_cert: str = ""
    """File of the certificate and its chain, PEM; empty: no TLS."""

    tls_key: str = ""
    """File of the certificate's key, PEM, without a passphrase."""

    token_file: str = ""
    """File of the token that a request must carry; empty: none."""

    def check(self, host: str) -> None:
        """Checks that the options belong together, and that their files can be used.

        Args:
            host: Address that is listened on.

        Raises:
            ValueError: They can't; the message says what to do.
        """
        if bool(self.tls_cert) != bool(self.tls_key):
            raise ValueError("A certificate and its key belong together: give both, or none.")
        self.context()
        if self.tls_cert:
            self.server_name()
        if self.token_file:
            bearer.read(self.token_file)
            if not self.tls_cert and not bearer.is_loopback(host):
                raise ValueError(
                    f"On {host} without TLS anybody on the way could read the token: give a "
                    "certificate and its key, or listen to 127.0.0.1 behind a proxy with TLS."
                )

    def access(self, host: str) -> Access:
        """Returns who may ask a server that listens on `host`."""
        hosts = frozenset(name.lower() for name in (host, *self.allow_hosts))
        return Access(hosts, bearer.read(self.token_file) if self.token_file else "")

    def context(self) -> ssl.SSLContext | None:
        """Returns the context of an HTTP server, or None without TLS.

        Raises:
            ValueError: Certificate or key can't be used.
        """
        if not self.tls_cert:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            context.load_cert_chain(self.tls_cert, self.tls_key, password=_no_passphrase)
        except OSError as error:  # ssl.SSLError is one
            raise ValueError(
                f"{self.tls_cert} and {self.tls_key} are no certificate and its key "
                f"({error.strerror or error})."
            ) from None
        return context

    def grpc_credentials(self) -> grpc.ServerCredentials | None:
        """Returns the credentials of a gRPC server, or None without TLS."""
        if not self.tls_cert:
            return None
        return grpc.ssl_server_credentials([(_content(self.tls_key), _content(self.tls_cert))])

    def server_name(self) -> str:
        """Returns a host name that the certificate is for.

        Raises:
            ValueError: It is for none.
        """
        certificate = x509.load_pem_x509_certificate(_content(self.tls_cert))
        try:
            names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        except x509.ExtensionNotFound:
            raise ValueError(
                f"{self.tls_cert} names no host (subjectAltName), so no client would accept it."
            ) from None
        values = [str(name.value) for name in names.value]
        return values[0].replace("*", "any")

    def flags(self) -> list[str]:
        """Returns the same options as flags of the local server."""
        named = {
            "tls_cert": self.tls_cert,
            "tls_key": self.tls_key,
            "token_file": self.token_file,
        }
        return [
            *(f"--allow_host={name}" for name in self.allow_hosts),
            *(f"--{name}={value}" for name, value in named.items() if value),
        ]


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _no_passphrase() -> str:
    """Keeps OpenSSL from asking the terminal."""
    return ""
