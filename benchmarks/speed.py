"""Measures CPU seconds and memory: ingestion, statistics and Transform, and whole runs.

    python -m benchmarks.speed [rows] [runs] [scale] [steps] [losses]

`rows` runs our steps and TFX's row by row on the same ratings; `runs` whole pipelines of ML-100K
and (one epoch) ML-1M; `scale` ingests ten million made-up ratings; `steps` moves tables by Adam and
by lazy Adam; `losses` takes the gradient of each loss at the size of ML-1M. Without a name, all.
Machines are shared and noisy: read the ratios, which come from one run, rather than the seconds.
"""

import argparse
import concurrent.futures
import csv
import json
import multiprocessing
import os
import pathlib
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pyarrow.csv
import tensorflow as tf
from tfx import v1 as tfx

from benchmarks import row_preprocessing
from components.ingestion import tables as ingestion
from components.ingestion.splits import SplitConfig
from components.ingestion.timelines_example_gen import TimelinesExampleGen
from pipeline import nodes
from pipeline.config import PipelineConfig
from pipeline.datasets.fetch import fetch
from pipeline.runs import local_runner, tables
from pipeline.runs.progress import output_to
from pipeline.runs.usage import cpu_seconds, peak_gigabytes
from pipeline.stages import check, dotted, transform
from trainer.config import ModelConfig
from trainer.fit.optimizers import make_optimizer
from trainer.model.losses import SampledSoftmax, SharedSoftmax, full_softmax
from transform import datasets, features, preprocessing, schemas

RUNS = pathlib.Path("runs")
MOVIELENS = datasets.load(datasets.MOVIELENS)


def main() -> None:
    """Runs the named measurements, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", help="rows, runs, scale, steps, losses (default: all)")
    parts = {
        "rows": compare_with_rows,
        "runs": whole_runs,
        "scale": ten_million,
        "steps": optimizer_steps,
        "losses": losses,
    }
    chosen = parser.parse_args().parts or list(parts)
    unknown = set(chosen) - set(parts)
    if unknown:
        parser.error(f"unknown part {sorted(unknown)[0]!r}; there are: {', '.join(parts)}")
    for name in chosen:
        with tempfile.TemporaryDirectory() as scratch:
            parts[name](pathlib.Path(scratch))


def compare_with_rows(scratch: pathlib.Path) -> None:
    """Prints CPU seconds by component for timelines and for rows of ML-1M, and their ratio."""
    folder = fetch("ml-1m", RUNS / "data" / "ml-1m", print).absolute()
    ours, _ = alone(measure_timelines, folder, scratch / "timelines")
    print(f"\nML-1M, one timeline a user, CPU seconds:\n{report(ours)}")
    rows, _ = alone(measure_rows, folder, scratch / "rows")
    print(f"\nML-1M, one example a rating (CsvExampleGen), CPU seconds:\n{report(rows)}")
    total, other = sum(ours.values()), sum(rows.values())
    print(f"row by row costs {other / total:.1f} times as much ({other:.0f} / {total:.0f})")


def whole_runs(scratch: pathlib.Path) -> None:
    """Prints CPU seconds, memory and quality of whole runs, each in a process of its own."""
    for preset, more in (("ml-100k", []), ("ml-1m", ["--epochs", "1"])):
        data = fetch(preset, RUNS / "data" / preset, print)
        command = [sys.executable, "-m", "pipeline.cli", "run", "--preset", preset, "--json"]
        command += ["--data", str(data), "--output", str(scratch / preset), *more]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        record = json.loads(done.stdout)
        trainer = record["components"][nodes.TRAINER]["cpu_seconds"]
        total = record["cpu_seconds"]
        print(
            f"\n{' '.join([preset, *more])}: {total:.0f} CPU s in all, {total - trainer:.0f} "
            f"without the Trainer, {record['gigabytes']:.1f} GB at most"
        )
        print(tables.metric_table(record["metrics"][""]))


def ten_million(scratch: pathlib.Path) -> None:
    """Prints CPU seconds and memory of ingesting ten million made-up ratings of 70,000 users."""
    chance = np.random.default_rng(0)
    user = np.repeat(np.arange(1, 70_001), 143)
    first = chance.integers(1, 10_001, 70_000).repeat(143)
    movie = (first + np.tile(np.arange(143), 70_000) * 69) % 10_000 + 1  # distinct within a user
    columns = {
        "userId": user,
        "movieId": movie,
        "rating": chance.integers(1, 6, len(user)),
        "timestamp": chance.integers(978_300_000, 1_478_300_000, len(user)),
    }
    folder = scratch / "data"
    folder.mkdir()
    with (folder / "ratings.csv").open("wb") as file:
        file.write((",".join(columns) + "\n").encode())  # pyarrow would quote it
        bare = pyarrow.csv.WriteOptions(include_header=False)
        pyarrow.csv.write_csv(pyarrow.table(columns), file, bare)
    listed = (f"{number},Movie {number} (1990),Drama\n" for number in range(1, 10_001))
    (folder / "movies.csv").write_text("movieId,title,genres\n" + "".join(listed))
    used, peak = alone(measure_ingestion, folder, scratch / "out")
    seconds = used[nodes.TIMELINES_EXAMPLE_GEN]
    print(f"\n{len(user):,} made-up ratings ingested: {seconds:.0f} CPU s, {peak:.1f} GB")


def optimizer_steps(scratch: pathlib.Path) -> None:
    """Prints CPU time of a step that read 4,096 rows of a table, 64 numbers a row."""
    for rows in (10_000, 100_000, 1_000_000):
        costs = {name: alone(step_cost, scratch, name, rows)[0] for name in ("adam", "lazy_adam")}
        told = ", ".join(f"{name} {cost['step'] * 1000:.1f} ms" for name, cost in costs.items())
        print(f"a step on {rows:,} rows: {told}")


def step_cost(scratch: pathlib.Path, name: str, rows: int) -> dict[str, float]:
    """Measures a step of an optimizer, after two that do not count."""
    table = tf.Variable(tf.random.normal([rows, 64]))
    config = ModelConfig(optimizer=name, schedule="constant")
    moves = make_optimizer(config, steps_per_epoch=1, sampled=True)
    moves.build([table])

    @tf.function
    def step(read: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.gather(table, read) ** 2)
        moves.apply_gradients([(tape.gradient(loss, table), table)])

    reads = [tf.random.uniform([4096], 0, rows, tf.int64) for _ in range(12)]
    for read in reads[:2]:
        step(read)
    began = cpu_seconds()
    for read in reads[2:]:
        step(read)
    return {"step": (cpu_seconds() - began) / len(reads[2:])}


def losses(scratch: pathlib.Path) -> None:
    """Prints CPU time of each loss and its gradient, for a batch of ML-1M: 6,400 positions."""
    del scratch
    for name, negatives in (
        ("full_softmax", 1),
        ("sampled_softmax", 512),
        ("sampled_softmax", 256),
        ("retrieval", 1),
    ):
        cost = alone(loss_cost, name, negatives)[0]["step"]
        told = f", {negatives} negatives" if name == "sampled_softmax" else ""
        print(f"{name}{told}: {cost * 1000:.0f} ms a step")


def loss_cost(name: str, negatives: int) -> dict[str, float]:
    """Measures a loss of vectors that are read from tables, after two that do not count."""
    users, items, dim, windows, window = 6_040, 3_883, 65, 32, 200
    config = ModelConfig(loss=name, shared_negatives=negatives)
    share = 1 / np.arange(1, items + 1)
    share /= share.sum()
    queries = tf.Variable(tf.random.normal([users, dim]))
    table = tf.Variable(tf.random.normal([items, dim]))
    sampled = None
    if config.samples(items):
        kind = SharedSoftmax if name == "sampled_softmax" else SampledSoftmax
        sampled = kind(config, share)
    of = tf.repeat(tf.range(windows, dtype=tf.int64), window)

    @tf.function
    def step(read: tf.Tensor, targets: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            asked = tf.gather(queries, read)
            if sampled is None:
                loss = full_softmax(asked, table, targets)
            else:
                loss = sampled(asked, targets, of, lambda rows: tf.gather(table, rows))
        for variable, change in zip(
            (queries, table), tape.gradient(loss, [queries, table]), strict=True
        ):
            variable.assign_sub(0.0 * tf.convert_to_tensor(change))  # else it is not computed

    def read() -> tuple[tf.Tensor, tf.Tensor]:
        positions = np.random.default_rng().choice(items, windows * window, p=share)
        asked = tf.random.uniform([windows * window], 0, users, tf.int64)
        return asked, tf.constant(positions, tf.int64)

    batches = [read() for _ in range(12)]
    for batch in batches[:2]:
        step(*batch)
    began = cpu_seconds()
    for batch in batches[2:]:
        step(*batch)
    return {"step": (cpu_seconds() - began) / len(batches[2:])}


def alone(
    function: Callable[..., dict[str, float]], *arguments: Any
) -> tuple[dict[str, float], float]:
    """Calls a function in a process of its own: Transforms in one process share lookup tables.

    Returns:
        What the function returned, and the most memory that its process held, in 10^9 bytes.
    """
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=spawn) as pool:
        used = pool.submit(function, *arguments).result()
        return used, pool.submit(peak_gigabytes).result()


def measure_timelines(folder: pathlib.Path, scratch: pathlib.Path) -> dict[str, float]:
    """Measures ingestion, statistics and Transform of our pipeline."""
    return measure(timelines(folder), scratch)


def measure_rows(folder: pathlib.Path, scratch: pathlib.Path) -> dict[str, float]:
    """Measures the same steps as TFX's own components do them."""
    return measure(ratings(folder, scratch.parent), scratch)


def measure_ingestion(folder: pathlib.Path, scratch: pathlib.Path) -> dict[str, float]:
    """Measures the ingestion of ratings."""
    return measure([timelines_example_gen(folder)], scratch)


def timelines(folder: pathlib.Path) -> list:
    """Returns ingestion, statistics and Transform of our pipeline."""
    config = PipelineConfig("bench", str(folder), pipeline_root="", serving_base="")
    examples = timelines_example_gen(folder)
    checked = check(config, schemas.TIMELINES, examples)
    done = transform(config, schemas.TIMELINES, preprocessing.timelines, examples, checked)
    return [examples, *checked.nodes, done]


def timelines_example_gen(folder: pathlib.Path) -> TimelinesExampleGen:
    """Returns what ingests the ratings of a release."""
    component = TimelinesExampleGen(str(folder), MOVIELENS.to_json(), SplitConfig())
    return component.with_id(nodes.TIMELINES_EXAMPLE_GEN)


def ratings(folder: pathlib.Path, scratch: pathlib.Path) -> list:
    """Returns the same steps as TFX's own components do them, a row a rating."""
    read = ingestion.read(folder, MOVIELENS).events
    source = scratch / "csv"
    source.mkdir()
    with (source / "ratings.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["user_id", "movie_id", "rating", "timestamp"])
        columns = (features.USER_ID, features.ITEM_ID, "rating", features.TIME)
        writer.writerows(zip(*(read.column(name).to_pylist() for name in columns), strict=True))
    examples = tfx.components.CsvExampleGen(input_base=str(source))
    statistics = tfx.components.StatisticsGen(examples=examples.outputs["examples"])
    schema = tfx.components.SchemaGen(
        statistics=statistics.outputs["statistics"], infer_feature_shape=True
    )
    done = tfx.components.Transform(
        examples=examples.outputs["examples"],
        schema=schema.outputs["schema"],
        preprocessing_fn=dotted(row_preprocessing.preprocess),
        disable_statistics=True,
    )
    return [examples, statistics, schema, done]


def measure(components: list, scratch: pathlib.Path) -> dict[str, float]:
    """Runs components, and returns the CPU seconds of each."""
    pipeline = tfx.dsl.Pipeline(
        pipeline_name="bench", pipeline_root=str(scratch), components=components
    )
    used: dict[str, float] = {}
    began = [0.0]

    def start(node: str) -> None:
        began.append(cpu_seconds())

    def end(node: str, seconds: float, cached: bool) -> None:
        used[node] = cpu_seconds() - began[-1]

    with output_to(scratch.with_suffix(".log")):
        local_runner.run(pipeline, scratch / "metadata.sqlite", "bench", start, end)
    return used


def report(used: dict[str, float]) -> str:
    """Returns the components with their CPU seconds and the sum."""
    rows = [(name, f"{seconds:.1f}") for name, seconds in used.items() if seconds >= 0.05]
    return tables.columns([*rows, ("in all", f"{sum(used.values()):.1f}")])


if __name__ == "__main__":
    sys.exit(main())
