"""Ours and the peers on the same frozen splits, over the full catalogue: one table, one plot.

    python -m benchmarks.quality [--data ml-100k] [--only P2] [--seeds 3]

What is finished is kept under `runs/quality` and not run again as long as the split is the same
and its code and settings are. Peers are tuned on eval and fitted again on train and eval; ours were
tuned on eval too, by hand. Everything is reported on test.
"""

import argparse
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import statistics
import subprocess
from collections.abc import Mapping

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from benchmarks import ours, protocols
from benchmarks.contenders import Ours, contenders
from benchmarks.protocols import EVAL, TEST, TRAIN, Ratings
from components.ingestion.splits import SplitConfig
from pipeline import nodes
from pipeline.datasets.fetch import fetch
from transform import metrics

PEERS_PYTHON = pathlib.Path(".venv-peers/bin/python")
RUNS = pathlib.Path("runs")
PEERS = ("popular", "recently popular", "item-kNN", "EASE", "iALS", "BPR", "WARP")
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
CURVE = (1, 2, 5, 10, 20, 50, 100)


@dataclasses.dataclass(frozen=True)
class Protocol:
    """A question asked of every model."""

    title: str
    """What is held out and what is ranked, in a line."""

    split: SplitConfig
    """What is held out."""

    chosen_by: int
    """The k of the hit@k on eval that peers are tuned by."""

    raw: bool = False
    """Whether movies of the history stay in the ranking that peers are tuned for."""


PROTOCOLS = {
    "P1": Protocol(
        "a random fifth of all ratings, each ranked among all movies",
        SplitConfig("random", eval_fraction=0.1, test_fraction=0.2),
        chosen_by=100,
        raw=True,
    ),
    "P2": Protocol("the last movie of every user, seen movies left out", SplitConfig(), 10),
    "P3": Protocol(
        "the last tenth of all ratings by time, seen movies left out", SplitConfig("temporal"), 10
    ),
}


def main() -> None:
    """Runs what is missing, and writes the table and the plot."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="ml-100k", help="release (default: ml-100k)")
    parser.add_argument("--only", nargs="*", default=list(PROTOCOLS), choices=PROTOCOLS)
    parser.add_argument("--seeds", type=int, default=3, help="of our preset (default: 3)")
    options = parser.parse_args()
    data = fetch(options.data, RUNS / "data" / options.data, print).absolute()
    folder = (RUNS / "quality" / options.data).absolute()
    rows = []
    for name in options.only:
        rows += run_protocol(
            name, data, folder / name, contenders(name, options.data, options.seeds)
        )
    (folder / "results.json").write_text(json.dumps(rows, indent=1))
    text = markdown(rows)
    (folder / "results.md").write_text(text)
    print(text)
    plot = [str(PEERS_PYTHON), "-m", "benchmarks.plot", str(folder / "results.json")]
    subprocess.run([*plot, str(folder / "results.png")], check=True)
    print(f"Written to {folder}/results.json, .md and .png")


def run_protocol(
    name: str, data: pathlib.Path, folder: pathlib.Path, models: dict[str, Ours]
) -> list[dict]:
    """Returns a row of the table for every model under one protocol."""
    protocol = PROTOCOLS[name]
    folder.mkdir(parents=True, exist_ok=True)
    frozen = ours.freeze(data, protocol.split)
    split = frozen.ratings
    print(f"{name}: {protocol.title}; split {split.fingerprint()}", flush=True)
    split.save(folder / "split.npz")
    rows = []
    same_split = {"split": split.fingerprint()}
    outputs = [folder / f"{peer.replace(' ', '-')}.npz" for peer in PEERS]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        done = pool.map(
            lambda output, peer: run_peer(peer, output, protocol, split), outputs, PEERS
        )
        for output, peer, _ in zip(outputs, PEERS, done, strict=True):
            rows.append(row(name, peer, split, [output]))
            print(line(rows[-1]), flush=True)
    for model, what in models.items():
        outputs = []
        for seed in range(1, what.seeds + 1):
            output = folder / f"{model.replace(' ', '-')}-{seed}.npz"
            settings = [*what.settings, f"model.seed={seed}"]
            known = {
                **same_split,
                "settings": settings,
                "identity": ours.identity(what.preset, settings),
            }
            if not protocols.is_kept(output, known):
                record = ours.run(data, folder / "runs", what.preset, protocol.split, settings)
                bundle = record["pushed"] or record["same_as"]
                lists = ours.lists_of_bundle(bundle, frozen)
                trainer = record["components"][nodes.TRAINER]
                facts = {
                    "cpu_seconds": None if trainer["cached"] else trainer["cpu_seconds"],
                    "gigabytes": None if trainer["cached"] else record["gigabytes"],
                }
                protocols.keep(output, lists, {**known, **facts})
            outputs.append(output)
        rows.append(row(name, model, split, outputs))
        print(line(rows[-1]), flush=True)
    return rows


def run_peer(peer: str, output: pathlib.Path, protocol: Protocol, split: Ratings) -> None:
    """Makes a peer's lists if they are not kept, in a process of one thread."""
    known = {
        "split": split.fingerprint(),
        "k": protocol.chosen_by,
        "raw": protocol.raw,
        "code": protocols.code("peers", "protocols"),
    }
    if protocols.is_kept(output, known):
        return
    command = [str(PEERS_PYTHON), "-m", "benchmarks.peers", peer, str(output.parent / "split.npz")]
    command += [str(output), "--k", str(protocol.chosen_by)]
    command += ["--raw"] * protocol.raw
    subprocess.run(command, check=True, env={**os.environ, **ONE_THREAD})


def row(protocol: str, model: str, split: Ratings, outputs: list[pathlib.Path]) -> dict:
    """Returns the figures of a model, a list of one number a seed for each."""
    facts = [json.loads(output.with_suffix(".json").read_text()) for output in outputs]
    figures: dict[str, list[float]] = {}
    for output in outputs:
        with np.load(output) as lists:
            for name, value in measures(lists, split).items():
                figures.setdefault(name, []).append(value)
    return {
        "protocol": protocol,
        "model": model,
        "split": split.fingerprint(),
        "figures": figures,
        "cpu_seconds": [fact["cpu_seconds"] for fact in facts if fact["cpu_seconds"] is not None],
        "gigabytes": [fact["gigabytes"] for fact in facts if fact["gigabytes"] is not None],
        "settings": facts[0]["settings"],
    }


def measures(lists: Mapping[str, np.ndarray], split: Ratings) -> dict[str, float]:
    """Returns every figure of one model's lists on test."""
    labels = split.select(TEST)
    seen = split.select(TRAIN, EVAL)
    warm = np.bincount(seen.user, minlength=split.users) > 0
    found: dict[str, float] = {}
    for kind in ("masked", "raw"):
        rank = protocols.ranks(lists[kind], labels)
        for k in CURVE:
            found[f"{kind} hit@{k}"] = float(metrics.hit_at(rank, k).mean())
        mean, error = protocols.mean_and_error(metrics.ndcg_at(rank, 10), labels.user)
        found[f"{kind} ndcg@10"], found[f"{kind} ndcg@10 error"] = mean, error
        _, error = protocols.mean_and_error(metrics.hit_at(rank, 10), labels.user)
        found[f"{kind} hit@10 error"] = error
        users, ndcg = protocols.user_ndcg_at(rank, labels.user, 10)
        mean, error = protocols.mean_and_error(ndcg, users)
        found[f"{kind} user ndcg@10"], found[f"{kind} user ndcg@10 error"] = mean, error
        for group, chosen in (("warm", warm[users]), ("cold", ~warm[users])):
            if chosen.any():
                found[f"{kind} {group} user ndcg@10"] = float(ndcg[chosen].mean())
    return found


COLUMNS = {
    "P1": ("raw hit@10", "raw hit@100", "masked hit@10", "masked hit@100"),
    "P2": ("masked hit@10", "masked ndcg@10", "masked hit@100"),
    "P3": (
        "masked hit@10",
        "masked user ndcg@10",
        "masked warm user ndcg@10",
        "masked cold user ndcg@10",
    ),
}


def line(entry: dict) -> str:
    """Returns one row for people who wait."""
    shown = [f"{name} {spread(entry['figures'][name])}" for name in columns(entry)]
    return f"  {entry['model']:24} {', '.join(shown)}"


def columns(entry: dict) -> list[str]:
    """Returns the names of the figures that a protocol is judged by."""
    return [name for name in COLUMNS[entry["protocol"]] if name in entry["figures"]]


def spread(values: list[float]) -> str:
    """Returns a mean, with the standard deviation over seeds if there are several."""
    mean = f"{statistics.mean(values):.4f}"
    return f"{mean} ± {statistics.stdev(values):.4f}" if len(values) > 1 else mean


def markdown(rows: list[dict]) -> str:
    """Returns one table a protocol."""
    lines = []
    for name, protocol in PROTOCOLS.items():
        here = [entry for entry in rows if entry["protocol"] == name]
        if not here:
            continue
        shown = columns(here[0])
        lines += [f"\n**{name}**: {protocol.title}. Split {here[0]['split']}.\n"]
        lines += [f"| model | {' | '.join(shown)} | CPU s | GB |", "|---" * (len(shown) + 3) + "|"]
        for entry in here:
            cells = [spread(entry["figures"][column]) for column in shown]
            for cost, digits in ((entry["cpu_seconds"], 1), (entry["gigabytes"], 2)):
                cells.append(f"{statistics.mean(cost):.{digits}f}" if cost else "reused")
            lines.append(f"| {entry['model']} | {' | '.join(cells)} |")
        errors = [
            f"{column} {statistics.mean(here[-1]['figures'][f'{column} error']):.4f}"
            for column in shown
            if f"{column} error" in here[-1]["figures"]
        ]
        lines.append(
            f"\n± is over seeds. One standard error over users ({here[-1]['model']}): "
            f"{', '.join(errors)}."
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
