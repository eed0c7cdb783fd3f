"""What the comparison keeps, skips and prints."""

import dataclasses

import numpy as np
import pytest

from benchmarks import ours, protocols, quality
from benchmarks.contenders import contenders
from benchmarks.protocols import LISTED, TEST, TRAIN, Ratings
from pipeline import presets

SPLIT = Ratings(
    user=np.array([0, 0, 1, 1]),
    movie=np.array([0, 1, 1, 2]),
    timestamp=np.arange(4),
    part=np.array([TRAIN, TEST, TRAIN, TEST]),
    users=2,
    movies=3,
)


def lists(*first):
    """Lists of two users that begin with one movie and hold no other."""
    one = np.full((2, LISTED), protocols.NOTHING)
    one[:, 0] = first
    return {"masked": one, "raw": one}


def kept(folder, name, first, **facts):
    facts = {"settings": [], "cpu_seconds": None, "gigabytes": None, **facts}
    protocols.keep(folder / name, lists(*first), facts)
    return folder / name


@pytest.mark.parametrize("protocol", quality.PROTOCOLS)
@pytest.mark.parametrize("release", presets.names())
def test_every_contender_is_a_model_that_can_be_made(protocol, release):
    for what in contenders(protocol, release, 3).values():
        presets.with_settings(presets.find(what.preset), list(what.settings))


def test_what_is_finished_is_not_run_again_unless_something_changed(tmp_path):
    asked = ["model.seed=1"]
    known = {"split": "1", "settings": asked, "identity": ours.identity("ml-100k", asked)}
    assert not protocols.is_kept(tmp_path / "ours-1.npz", known)
    path = kept(tmp_path, "ours-1.npz", (1, 2), **known)
    assert protocols.is_kept(path, known)
    assert protocols.is_kept(path, {"split": "1"})
    for changed in (
        {"split": "2"},
        {"identity": ours.identity("ml-1m", asked)},
        {"identity": ours.identity("ml-100k", ["model.seed=2"])},
        {"identity": {**known["identity"], "code": "of another day"}},
    ):
        assert not protocols.is_kept(path, {**known, **changed})
    assert sorted(file.name for file in tmp_path.iterdir()) == ["ours-1.json", "ours-1.npz"]


def test_lists_without_facts_are_not_finished(tmp_path):
    path = kept(tmp_path, "iALS.npz", (1, 2), split="1")
    path.with_suffix(".json").unlink()
    assert not protocols.is_kept(path, {"split": "1"})


def test_row_holds_a_figure_a_seed_and_the_table_their_mean_and_spread(tmp_path):
    seeds = [
        kept(tmp_path, "ours-1.npz", (1, 2), cpu_seconds=10.0, gigabytes=1.5),
        kept(tmp_path, "ours-2.npz", (1, 0), cpu_seconds=20.0, gigabytes=2.5),
    ]
    model = quality.row("P2", "ours", SPLIT, seeds)
    assert model["figures"]["masked hit@10"] == [1.0, 0.5]
    assert model["split"] == SPLIT.fingerprint()
    again = quality.row("P2", "peer", SPLIT, [kept(tmp_path, "peer.npz", (0, 0))])
    table = quality.markdown([model, again]).splitlines()
    assert table[3:7] == [
        "| model | masked hit@10 | masked ndcg@10 | masked hit@100 | CPU s | GB |",
        "|---|---|---|---|---|---|",
        f"| ours | {' | '.join(['0.7500 ± 0.3536'] * 3)} | 15.0 | 2.00 |",
        "| peer | 0.0000 | 0.0000 | 0.0000 | reused | reused |",
    ]
    # of two hits one: half of (1 - 0.5)² + (0 - 0.5)², over two users; of the other seed 0
    error = np.sqrt(0.5) / 2
    assert model["figures"]["masked hit@10 error"] == pytest.approx([0.0, error])
    only = quality.markdown([model]).splitlines()[-1]
    assert only.endswith(f"(ours): masked hit@10 {error / 2:.4f}, masked ndcg@10 {error / 2:.4f}.")


def test_users_without_a_history_are_counted_apart(tmp_path):
    cold = dataclasses.replace(SPLIT, part=np.array([TRAIN, TEST, TEST, TEST]))
    path = kept(tmp_path, "peer.npz", (1, 0))
    with np.load(path) as file:
        found = quality.measures(file, cold)
    assert found["masked warm user ndcg@10"] == 1.0
    assert found["masked cold user ndcg@10"] == 0.0
    assert found["masked user ndcg@10"] == 0.5
