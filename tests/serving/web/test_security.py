"""Options of who may ask: what fits together."""

import pytest

from serving.web.security import Security


def test_a_certificate_and_its_key(write_certificate):
    written = write_certificate("*.recs.example", "127.0.0.1")
    security = Security(("Recs.example",), written.chain, written.key)
    security.check("0.0.0.0")
    assert security.server_name() == "any.recs.example"
    assert security.access("Here").hosts == {"here", "recs.example"}
    assert security.context() and security.grpc_credentials()
    assert Security().context() is None and Security().grpc_credentials() is None


def test_what_does_not_fit_is_said(write_certificate, tmp_path):
    written = write_certificate("recs.example")
    other = tmp_path / "other"
    other.write_text("nothing")
    for key, message in ((str(other), "are no certificate"), ("", "belong together")):
        with pytest.raises(ValueError, match=message):
            Security((), written.chain, key).check("127.0.0.1")
    with pytest.raises(ValueError, match="names no host"):
        Security((), written.authority, written.key).server_name()


def test_a_token_is_not_asked_for_in_the_clear(tmp_path, write_certificate):
    token = tmp_path / "token"
    token.write_text("secret")
    written = write_certificate("recs.example")
    Security(token_file=str(token)).check("127.0.0.1")
    Security((), written.chain, written.key, str(token)).check("0.0.0.0")
    with pytest.raises(ValueError, match=r"On 0\.0\.0\.0 without TLS anybody"):
        Security(token_file=str(token)).check("0.0.0.0")
    flags = Security(("a", "b"), token_file=str(token)).flags()
    assert flags == ["--allow_host=a", "--allow_host=b", f"--token_file={token}"]
    assert "secret" not in repr(Security(token_file=str(token)).access(""))
