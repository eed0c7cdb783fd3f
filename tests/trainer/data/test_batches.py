from support.checkerboard import COMMON, UNKNOWN, USER_FEATURES, USERS, checkerboard
from trainer.config import ModelConfig
from trainer.data.batches import make_batches, steps_per_epoch
from trainer.data.windows import EVENTS, GAPS, INPUTS, PADDING, TARGETS, TIMES, WAITS, WEIGHTS
from trainer.data.windows import USERS as OF_USERS


def test_every_pass_is_cut_anew_and_the_same_seed_cuts_alike():
    config = ModelConfig(**{**COMMON, "window": 4})

    def some():
        data = make_batches(checkerboard(), config, UNKNOWN).take(40)
        return [batch[INPUTS].tolist() for batch in data.as_numpy_iterator()]

    assert steps_per_epoch(checkerboard(), config) == USERS * 3 // config.batch_size
    rows = [tuple(row) for batch in some() for row in batch]
    assert len(set(rows)) > USERS * 3  # more different windows than one cut gives
    assert some() == some()


def test_batches_hold_every_target_of_a_pass_once():
    config = ModelConfig(**{**COMMON, "window": 4, "batch_size": 7})
    events = len(checkerboard().history)
    targets = []
    for batch in make_batches(checkerboard(), config, UNKNOWN).as_numpy_iterator():
        assert batch.keys() == {OF_USERS, INPUTS, EVENTS, GAPS, WAITS, TIMES, TARGETS, WEIGHTS}
        assert batch[OF_USERS].keys() == set(USER_FEATURES) and batch[EVENTS].keys() == {"rating"}
        assert batch[INPUTS].shape == (len(batch[OF_USERS]["user_id"]), 4)
        assert (batch[WEIGHTS] == (batch[TARGETS] != PADDING)).all()
        targets += batch[TARGETS][batch[TARGETS] != PADDING].tolist()
        if len(targets) >= events:
            break
    assert sorted(targets) == sorted(checkerboard().history.item)


def test_shuffled_order_shows_other_pasts():
    def first(order):
        config = ModelConfig(**{**COMMON, "order": order})
        batch = next(make_batches(checkerboard(), config, UNKNOWN).as_numpy_iterator())
        return batch[OF_USERS]["user_id"].tolist(), batch[INPUTS].tolist()

    assert first("time") != first("shuffled")
