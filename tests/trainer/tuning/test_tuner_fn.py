"""Which trials belong together, and what they are given."""

import pytest

from support.transformed import SMALL
from trainer.tuning.tuner_fn import fingerprint, tuner_fn


@pytest.fixture
def fn_args(data, tmp_path):
    args = data.fn_args("tuning")
    settings = {"fixed": ["blocks"], "trials": 2, "folder": str(tmp_path), "code_version": "a"}
    args.custom_config |= settings
    return args


def test_trials_share_the_data_and_lie_in_a_folder_of_their_own(fn_args, tmp_path):
    tuner = tuner_fn(fn_args).tuner
    assert tuner.project_dir == str(tmp_path / fingerprint(fn_args))
    assert tuner.oracle.max_trials == 2
    names = {entry.name for entry in tuner.oracle.hyperparameters.space}
    assert "learning_rate" in names and "blocks" not in names
    for name in ("train_files", "eval_files", "item_files"):
        setattr(fn_args, name, ["absent"])  # trials read nothing themselves
    tuner.search()
    assert {trial.status for trial in tuner.oracle.trials.values()} == {"COMPLETED"}


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({"trials": 9}, True),
        ({"folder": "elsewhere"}, True),
        ({"fixed": []}, False),
        ({"code_version": "b"}, False),
        ({"model": {**SMALL, "seed": 2}}, False),
    ],
    ids=["number", "folder", "space", "code", "start"],
)
def test_fingerprint(fn_args, changed, same):
    before = fingerprint(fn_args)
    fn_args.custom_config = {**fn_args.custom_config, **changed}
    assert (fingerprint(fn_args) == before) is same


def test_other_data_are_other_trials(fn_args):
    before = fingerprint(fn_args)
    fn_args.eval_files = ["other"]
    assert fingerprint(fn_args) != before
