import io
import logging
import os

import pytest

from pipeline.runs import progress
from trainer.fit.progress import TICKS


class Terminal(io.StringIO):
    def isatty(self):
        return True

    def fileno(self):
        return 0


def test_training_is_told_to_a_pipe_every_half_minute():
    stream, now = io.StringIO(), [0.0]
    lines = progress.Lines(stream, lambda: now[0])
    lines.start("TwoTowerTrainer")
    with progress.of_training(lines):
        for second in range(0, 95, 5):
            now[0] = float(second)
            logging.getLogger(TICKS).debug("Epoch %d", second)
    lines.end("TwoTowerTrainer", 95, False)
    assert [line.split("… ")[-1] for line in stream.getvalue().splitlines()[:-1]] == [
        "Epoch 30",
        "Epoch 60",
        "Epoch 90",
    ]


def test_on_a_terminal_it_is_one_live_line(monkeypatch):
    monkeypatch.setattr(os, "get_terminal_size", lambda _: os.terminal_size((40, 20)))
    stream = Terminal()
    lines = progress.Lines(stream)
    lines.start("TwoTowerTrainer")
    with progress.of_training(lines):
        logging.getLogger(TICKS).debug("Epoch 1 of 2: loss 2.0000")
    lines.end("TwoTowerTrainer", 95, False)
    written = stream.getvalue()
    assert written.count("\n") == 1 and written.endswith("\n")
    first, second, last = written.rstrip("\n").split("\r")
    assert second == "  TwoTowerTrainer          … Epoch 1 of" + progress.CLEAR
    assert last == progress.CLEAR + "  TwoTowerTrainer             95.0 s"
    assert first == "  TwoTowerTrainer          …"


@pytest.mark.parametrize("level", [logging.DEBUG, logging.INFO])
def test_who_listens_leaves_nothing_behind(level, caplog):
    logger = logging.getLogger(TICKS)
    before = (logger.level, logger.propagate, list(logger.handlers))
    with progress.of_training(progress.Lines(io.StringIO())):
        logger.log(level, "not for the log")
    assert (logger.level, logger.propagate, list(logger.handlers)) == before
    assert not caplog.records


def test_the_name_of_the_logger_is_the_trainers():
    assert progress.TRAINING == TICKS
