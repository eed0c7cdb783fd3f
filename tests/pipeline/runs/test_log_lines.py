import logging
import re

import pytest

from pipeline.runs import log_lines


@pytest.fixture
def logged(capsys):
    """A function that logs as a component does, and returns what came out."""

    def logged(level, message, **options):
        logger = logging.getLogger("absl")
        logger.setLevel(logging.INFO)
        with log_lines.formatted(lambda: "Evaluator"):
            logger.log(level, message, **options)
        return capsys.readouterr().err

    return logged


def test_a_line_has_time_level_and_component(logged):
    line = logged(logging.INFO, "Epoch 1")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO Evaluator: Epoch 1\n", line)


@pytest.mark.parametrize("message", ["node_info {\n  type {\n}", "x" * 10_000])
def test_dumps_are_cut(logged, message):
    lines = logged(logging.INFO, message).splitlines()
    assert len(lines) == 1 and lines[0].endswith(" …") and len(lines[0]) < 600


def test_warnings_and_traces_are_whole(logged):
    assert len(logged(logging.WARNING, "one\ntwo").splitlines()) == 2
    try:
        raise ValueError("why")
    except ValueError as error:
        assert "ValueError: why" in logged(logging.INFO, "failed", exc_info=error)


def test_other_handlers_come_back():
    root = logging.getLogger()
    before = list(root.handlers)
    with log_lines.formatted(str):
        assert len(root.handlers) >= 1
    assert sorted(map(id, root.handlers)) == sorted(map(id, before))


def test_what_tensorflow_says_of_gpus_while_it_is_imported_is_dropped(tmp_path):
    log = tmp_path / "run.log"
    noise = "2026 E external/cuda_fft.cc:479] Unable to register cuFFT factory: Attempting to …\n"
    with log.open("ab") as file:  # as a run has it open
        file.write(f"before\n{noise}after\n".encode())
        file.flush()
        log_lines.drop_import_noise(log)
        file.write(b"later\n")
    assert log.read_text() == "before\nafter\nlater\n"
