"""Promotion and rollback on the stand-in, which answers as TensorFlow Serving 2.16 does."""

import pytest

from components.bundle import manifest
from components.registry import models_config
from pipeline.rollout import model_server, promotion


def test_labels_move_when_the_server_says_so(serve, write_half_plus, tmp_path, monkeypatch):
    monkeypatch.setattr(model_server, "POLL_SECONDS", 0.05)
    base = tmp_path / "half"
    for version in (1, 2):
        write_half_plus(base, version, b=version)
        folder = str(base / str(version))
        manifest.write(folder, manifest.Manifest({}, {}, {}, {}, {}, manifest.checksums(folder)))
    promotion.promote(str(base), 1, "stable", None, print)
    config = f"--model_config_file={models_config.path_of(str(base))}"
    server = serve(config, "--model_config_file_poll_wait_seconds=0.1")
    model = model_server.ModelServer(server.url, "half", 60)

    def stable():
        return server.predict({"instances": [0.0]}, place="/labels/stable")[1]["predictions"]

    assert stable() == [1.0]
    promotion.promote(str(base), 2, "stable", model, print)
    assert stable() == [2.0]
    impatient = model_server.ModelServer(server.url, "half", 0.1)
    with pytest.raises(ValueError, match=r'stable to mean version 1 .*"version": "2"'):
        impatient.await_label("stable", 1)
    assert promotion.rollback(str(base), model, print) == 1
    assert stable() == [1.0]
