"""What `movielens tune` refuses, and what it prints of its trials."""

import dataclasses

import pytest

from pipeline import presets
from pipeline.cli import main, request, tune
from trainer.config import ModelConfig
from trainer.tuning.search_space import space, with_values


def trial(ndcg=None, **values):
    metrics = {}
    if ndcg is not None:
        metrics = {
            "val_ndcg@10": ndcg,
            "val_hit@10": 2 * ndcg,
            "val_ndcg@10 error": 0.007,
            "epochs": 9.0,
        }
    return {"trial": "0", "status": "COMPLETED", "values": values, "metrics": metrics}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--trials", "0"], "'--trials': 0 is not in the range x>=1"),
        (["--trials", "-3"], "'--trials': -3 is not in the range x>=1"),
        (["--trials", "many"], "'--trials': 'many' is not a valid integer range"),
        (["--withdraw", "3"], "No such option '--withdraw'"),
        (["--set", "model.depth=3"], "There is no setting 'model.depth'"),
        (["--set", "model.dropout=2"], "model.dropout must be a number in [0, 1), got 2.0"),
        (["--set", "gates.min_lift=0"], "has no part in tuning; it takes split, model"),
        (["--set", "window=3"], "There is no setting 'window'; did you mean 'model.window'?"),
        (["--set", "model.warm_start=true"], "warm_start must be false"),
        (["--span", "3"], "Span 3 is asked for, but no --data"),
        (["--preset", "ml-2k"], "Unknown preset 'ml-2k'"),
        (
            [
                part
                for name in space(ModelConfig())
                for part in ("--set", f"model.{name}={getattr(ModelConfig(), name)}")
            ],
            "Nothing is left to tune",
        ),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_misuse_says_what_is_right(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert main.main(["tune", *arguments]) == main.USAGE
    assert message in " ".join(capsys.readouterr().err.split())


def test_data_that_is_not_there(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main.main(["tune", "--data", "nowhere"]) == main.FAILED
    assert "nowhere: no such folder" in capsys.readouterr().err


def asked(monkeypatch, *arguments):
    """Returns the request that arguments of `run` or `tune` are."""
    found = []
    monkeypatch.setattr(
        request.Request, "check_sections", lambda asked, *_: found.append(asked) or stop()
    )
    monkeypatch.setattr(request.Request, "terminal", lambda asked: found.append(asked) or stop())
    with pytest.raises(InterruptedError):
        main.movielens.main([*arguments], standalone_mode=False)
    return found[0]


def stop():
    raise InterruptedError


@pytest.mark.parametrize("with_file", [False, True])
@pytest.mark.parametrize("name", ["ml-100k", "blog"])
def test_printed_command_runs_the_best(name, with_file, tmp_path, monkeypatch):
    settings = ["model.dropout=0.25", "split.method=temporal", "model.exclude_seen=false"]
    file = tmp_path / "run.yaml"
    file.write_text("model: {patience: 3}\ngates: {max_drop: 0.5}\nwithdraw: ['7']\n")
    config = ["--config", str(file)] if with_file else []
    tuned = asked(
        monkeypatch,
        *("tune", "--preset", name, "--data", str(tmp_path / "a b"), "--span", "7", *config),
        *(part for setting in settings for part in ("--set", setting)),
    )
    start = tuned.settings()
    last = {field: values[-1] for field, values in space(start.model, ["dropout"]).items()}
    best = with_values(start.model, last)
    command, *arguments = tune.run_arguments(tuned, best)
    assert command == "run"
    given = asked(monkeypatch, command, *arguments)
    assert (given.data, given.span, given.output) == (tuned.data, "7", None)
    again = given.settings()
    assert again.model == best
    assert again.split == start.split
    assert (again.gates.max_drop, given.withdrawn) == ((0.5, ("7",)) if with_file else (0.1, ()))


def test_fixed_fields_are_those_of_the_model():
    settings = ["model.window=20", "split.seed=1", "model.heads=1", "model.window=50"]
    assert tune.fixed_fields(settings) == ("heads", "window")


def test_best_comes_first_and_what_diverged_last():
    made = [trial(0.1, window=20), trial(window=50), trial(0.3, window=100)]
    found = tune.best_first(made)
    assert [one["number"] for one in found] == [3, 1, 2]
    text = tune.summary(found, "movielens run --set model.window=100")
    header, *rows = (line.split() for line in text.splitlines()[2:6])
    assert header == ["trial", "ndcg@10", "hit@10", "epochs", "window"]
    assert rows == [
        ["3", "0.3000", "0.6000", "9", "100"],
        ["1", "0.1000", "0.2000", "9", "20"],
        ["2", "diverged", "50"],
    ]
    assert "trial 3, ndcg@10 0.3000 with a standard error of 0.0070" in text
    assert text.endswith("Use it:\n  movielens run --set model.window=100")


def test_every_field_of_the_model_can_be_set_from_its_text():
    config = ModelConfig()
    settings = [f"model.{name}={value}" for name, value in dataclasses.asdict(config).items()]
    assert presets.with_settings(presets.find("blog"), settings).settings.model == config
