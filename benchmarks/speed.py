"""Measures CPU seconds: our ingestion against TFX's row by row, and whole runs by component.

    python -m benchmarks.speed [--data ml-1m] [--skip-rows]

Machines are shared and noisy: read the ratios, which come from one run, and not the seconds.
"""

import argparse
import csv
import os
import pathlib
import sys
import tempfile

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from tfx import v1 as tfx

from components import grouplens
from components.ratings_example_gen import RatingsExampleGen
from components.splits import SplitConfig
from pipeline import local_run, tables
from pipeline.fetch import fetch
from pipeline.graph import check, dotted, transform
from pipeline.progress import output_to
from pipeline.run_command import cpu_seconds
from transform import preprocessing, schemas

RUNS = pathlib.Path("runs")


def main() -> None:
    """Prints CPU seconds by component for both ways, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="ml-1m", help="release (default: ml-1m)")
    parser.add_argument("--skip-rows", action="store_true", help="measure our way only")
    options = parser.parse_args()
    folder = fetch(options.data, RUNS / "data" / options.data, print).absolute()
    with tempfile.TemporaryDirectory() as scratch:
        ours = measure(timelines(folder), pathlib.Path(scratch) / "timelines")
        print(f"{options.data}, one timeline a user, CPU seconds:")
        print(report(ours))
        if options.skip_rows:
            return
        rows = measure(ratings(folder, pathlib.Path(scratch)), pathlib.Path(scratch) / "rows")
        print(f"{options.data}, one example a rating (CsvExampleGen), CPU seconds:")
        print(report(rows))
        total, other = sum(ours.values()), sum(rows.values())
        print(f"row by row costs {other / total:.1f} times as much ({other:.0f} / {total:.0f})")


def timelines(folder: pathlib.Path) -> list:
    """Returns ingestion, statistics and Transform of our pipeline."""
    examples = RatingsExampleGen(input_base=str(folder), split=SplitConfig())
    checked = check(schemas.TIMELINES, examples)
    done = transform(schemas.TIMELINES, preprocessing.timelines, examples, checked, "")
    return [examples, *checked.values(), done]


def ratings(folder: pathlib.Path, scratch: pathlib.Path) -> list:
    """Returns the same steps as TFX's own components do them, a row a rating."""
    read = grouplens.read_ratings(grouplens.detect(folder))
    source = scratch / "csv"
    source.mkdir()
    with (source / "ratings.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["user_id", "movie_id", "rating", "timestamp"])
        columns = (read.user_id, read.movie_id, read.rating, read.timestamp)
        writer.writerows(zip(*(column.tolist() for column in columns), strict=True))
    examples = tfx.components.CsvExampleGen(input_base=str(source))
    statistics = tfx.components.StatisticsGen(examples=examples.outputs["examples"])
    schema = tfx.components.SchemaGen(
        statistics=statistics.outputs["statistics"], infer_feature_shape=True
    )
    done = tfx.components.Transform(
        examples=examples.outputs["examples"],
        schema=schema.outputs["schema"],
        preprocessing_fn=dotted(preprocess_rows),
        disable_statistics=True,
    )
    return [examples, statistics, schema, done]


def preprocess_rows(inputs: dict) -> dict:
    """Gives ids their rows in two vocabularies."""
    import tensorflow_transform as tft

    outputs = {name: inputs[name] for name in ("rating", "timestamp")}
    for name in ("user_id", "movie_id"):
        outputs[name] = tft.compute_and_apply_vocabulary(inputs[name], num_oov_buckets=1)
    return outputs


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
        local_run.run(pipeline, scratch / "metadata.sqlite", "bench", start, end)
    return used


def report(used: dict[str, float]) -> str:
    """Returns the components with their CPU seconds and the sum."""
    rows = [(name, f"{seconds:.1f}") for name, seconds in used.items() if seconds >= 0.05]
    return tables.columns([*rows, ("in all", f"{sum(used.values()):.1f}")])


if __name__ == "__main__":
    sys.exit(main())
