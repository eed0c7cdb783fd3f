"""Signatures: what they show, and what any tool can check."""

import json
import shutil
import subprocess

import pytest

from components.bundle import manifest
from components.registry import signature
from support import certificates, signing_keys

OPENSSL = shutil.which("openssl")


@pytest.fixture
def bundle(tmp_path):
    folder = tmp_path / "base" / "7"
    folder.mkdir(parents=True)
    (folder / "saved_model.pb").write_text("graph")
    files = manifest.checksums(str(folder))
    manifest.write(str(folder), manifest.Manifest({}, {}, {}, {}, {}, files))
    return folder


@pytest.fixture
def keys(tmp_path):
    private, public = signing_keys.write(tmp_path)
    return signature.read_private(private), signature.read_public(public)


def test_a_signed_bundle(bundle, keys):
    private, public = keys
    assert signature.problems(str(bundle), public) == ["it is not signed"]
    signature.sign(str(bundle), private)
    assert signature.problems(str(bundle), public) == []
    assert manifest.problems(str(bundle)) == []  # the signature is no stray file
    signature.sign(str(bundle), private)  # again
    assert [path.name for path in bundle.parent.iterdir()] == ["7"]


def test_another_key_and_another_manifest(bundle, keys, tmp_path):
    private, public = keys
    signature.sign(str(bundle), private)
    (tmp_path / "other").mkdir()
    other = signature.read_public(signing_keys.write(tmp_path / "other")[1])
    assert "not by this key" in signature.problems(str(bundle), other)[0]
    (bundle / "saved_model.pb").write_text("evil")
    forged = manifest.read(str(bundle))
    forged.files.update(manifest.checksums(str(bundle)))
    manifest.write(str(bundle), forged)
    assert manifest.problems(str(bundle)) == []  # a manifest alone can be forged
    assert "its manifest was changed" in signature.problems(str(bundle), public)[0]
    (bundle / manifest.SIGNATURE).write_bytes(b"")
    assert signature.problems(str(bundle), public)


@pytest.mark.skipif(not OPENSSL, reason="needs openssl")
def test_openssl_makes_keys_and_checks_signatures(bundle, tmp_path):
    private, public = tmp_path / "private", tmp_path / "public"
    for command, path in (
        (signature.MAKE_PRIVATE, private),
        (signature.MAKE_PUBLIC.replace("PRIVATE", str(private)), public),
    ):
        subprocess.run(command.replace("FILE", str(path)).split(), check=True)
    signature.sign(str(bundle), signature.read_private(str(private)))
    assert signature.problems(str(bundle), signature.read_public(str(public))) == []
    check = f"openssl pkeyutl -verify -pubin -inkey {public} -rawin -in {manifest.PATH} -sigfile"
    command = [*check.split(), manifest.SIGNATURE]
    done = subprocess.run(command, cwd=bundle, capture_output=True, text=True)
    assert "Signature Verified Successfully" in done.stdout
    told = json.loads((bundle / manifest.PATH).read_text())
    (bundle / manifest.PATH).write_text(json.dumps(told))
    assert subprocess.run(command, cwd=bundle, capture_output=True).returncode


def test_what_is_no_key_is_named_and_not_shown(tmp_path):
    private, public = signing_keys.write(tmp_path)
    of_a_server = certificates.write(tmp_path, "a.example").key  # not ed25519
    (tmp_path / "text").write_text("secret")
    wrong = {
        signature.read_private: [public, of_a_server, tmp_path / "text", tmp_path / "none"],
        signature.read_public: [private, tmp_path / "text", tmp_path / "none"],
    }
    for read, paths in wrong.items():
        for path in paths:
            with pytest.raises(ValueError, match=str(path)) as refused:
                read(str(path))
            assert "secret" not in str(refused.value)
