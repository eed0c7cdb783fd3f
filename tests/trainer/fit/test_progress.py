import logging as standard_logging

import pytest
from absl import logging

from trainer.fit.progress import TICKS, Progress


@pytest.fixture
def told(monkeypatch, caplog):
    """What the log and the ticks say of two epochs of ten steps, of so many seconds each."""

    def told(seconds):
        lines = []
        monkeypatch.setattr(logging, "info", lines.append)
        caplog.clear()
        caplog.set_level(standard_logging.DEBUG, logger=TICKS)
        now = [0.0]
        progress = Progress(lambda: now[0])
        progress.set_params({"epochs": 2, "steps": 10})
        for epoch in range(2):
            progress.on_epoch_begin(epoch)
            for batch in range(10):
                now[0] += seconds
                progress.on_train_batch_end(batch, {"loss": 2.0, "regularization_loss": 0.0})
            progress.on_epoch_end(epoch, {"loss": 1.25, "val_hit@10": 0.5})
        return lines, [record.getMessage() for record in caplog.records]

    return told


def test_the_log_has_a_line_an_epoch_with_its_numbers_and_the_time_left(told):
    lines, ticks = told(0.01)
    assert lines == [
        "Epoch 1 of 2: loss 1.2500, val_hit@10 0.5000, 0 s left",
        "Epoch 2 of 2: loss 1.2500, val_hit@10 0.5000",
    ]
    assert ticks == lines


def test_a_long_epoch_is_told_every_half_minute_and_ticks_every_second(told):
    lines, ticks = told(16)
    assert len(ticks) == 22
    assert lines[:3] == [
        "Epoch 1 of 2: loss 2.0000, 4 min 48 s left",
        "Epoch 1 of 2: loss 2.0000, 4 min 16 s left",
        "Epoch 1 of 2: loss 2.0000, 3 min 44 s left",
    ]
    assert ticks[11] == "Epoch 2 of 2: loss 2.0000, val_hit@10 0.5000, 2 min 24 s left"


def test_before_the_second_step_nobody_knows_the_time_left(told):
    _, ticks = told(2)
    assert ticks[0] == "Epoch 1 of 2: loss 2.0000"
