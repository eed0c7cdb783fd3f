"""The generated parts of the reference, printed as JSON: Markdown by the name of its marker.

The product's Python runs this (`.venv/bin/python tools/docs/reference.py`); `hooks.py` puts what it
prints into the pages. Everything is read from the code, so that a page can't differ from it.
"""

import ast
import json
import os
import pathlib
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import rendering

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = ("transform", "trainer", "components", "pipeline", "serving", "benchmarks", "tools")
TABLES = ("Definition", "Item", "User", "Event", "Moment")
TYPES = {
    "str": "text",
    "bool": "true or false",
    "int": "whole number",
    "PositiveInt": "whole number above 0",
    "NonNegativeInt": "whole number",
    "Bound | None": "number",
    "tuple[str, ...]": "list of texts",
    "tuple[Bound, ...]": "list of numbers",
    "dict[str, tuple[float, ...]]": "list of numbers by name",
    "dict[str, Condition]": "condition by name",
    "Features": "feature by name",
    "Item": "table",
    "Event": "table",
    "User | None": "table",
    "Moment": "column and unit",
    "Literal['s', 'ms', 'us', 'iso']": "`s`, `ms`, `us` or `iso`",
    "Literal['keep', 'refuse']": "`keep` or `refuse`",
    "Literal['refuse', 'drop', 'keep']": "`refuse`, `drop` or `keep`",
}
"""Types of a definition as its readers know them."""

KINDS = ("Category", "Categories", "Words", "Number", "Time", "Vector")
CLIENT = {
    "serving.client.recommender": ("RecommenderClient", "Answer", "Item"),
    "serving.client.query_inputs": ("Event",),
    "serving.client.request_log": ("RequestLog",),
    "serving.client.grpc_transport": ("GrpcTransport",),
    "serving.client.rest_transport": ("RestTransport",),
    "serving.client.stable_first": ("StableFirst",),
    "serving.client.model_status": ("ModelStatus",),
    "serving.client.transport": (
        "Transport",
        "Prediction",
        "ServingUnavailable",
        "RequestRefused",
    ),
}
ENVIRONMENT = {
    "pipeline.kubeflow.environment.cluster": ("Environment",),
    "pipeline.kubeflow.environment.pods": (
        "ComponentSettings",
        "Toleration",
        "Volume",
        "SecretFolder",
        "SecretVariable",
    ),
}


def main() -> None:
    """Prints every generated part."""
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    print(json.dumps({name: rendering.unescaped(part()) for name, part in PARTS.items()}))


def commands() -> str:
    """Returns every command with its options."""
    from pipeline.cli.reference import commands_markdown

    return commands_markdown()


def settings() -> str:
    """Returns every setting with its default."""
    from pipeline.cli.reference import settings_markdown

    return settings_markdown()


def run_file() -> str:
    """Returns the keys of a file of `--config`."""
    return rendering.fields("pipeline.presets.run_file", "RunFile")


def signatures() -> str:
    """Returns inputs and outputs of every signature, read off a bundle that is built for it."""
    from components.bundle import signatures
    from support import tiny_bundle

    rows = []
    for name, function in signatures.signatures(tiny_bundle.bundle()).items():
        concrete = function
        if not hasattr(concrete, "structured_input_signature"):
            concrete = function.get_concrete_function()
        positional, named = concrete.structured_input_signature
        inputs = {spec.name: spec for spec in positional} | named
        rows.append((f"`{name}`", _tensors(inputs), _tensors(concrete.structured_outputs)))
    return rendering.table(("signature", "inputs", "outputs"), rows)


def inputs_by_kind() -> str:
    """Returns what `recommend` takes for a feature of each kind, and what means "not known"."""
    from components.bundle.signatures import input_names, recommend_specs
    from support import tiny_shop
    from transform import queries

    definition = tiny_shop.DEFINITION
    given, specs = input_names(definition), recommend_specs(definition)
    rows = []
    for whose, features in (
        ("user", definition.user_features),
        ("event", definition.event.features),
    ):
        for name, feature in features.items():
            unknown = queries.unknown(feature)
            spec = {given[name]: specs[given[name]]}
            rows.append((f"`{feature.kind}` of the {whose}", _tensors(spec), _value(unknown)))
    return rendering.table(("feature", "input", "not known"), rows)


def tables() -> str:
    """Returns the keys of a definition, table by table."""
    return "\n\n".join(_keys("transform.definition", name, name) for name in TABLES)


def kinds() -> str:
    """Returns the keys of each kind of feature."""
    from transform import kinds

    named = ((name, getattr(kinds, name).__dataclass_fields__["kind"].default) for name in KINDS)
    return "\n\n".join(_keys("transform.kinds", name, f"`{kind}`") for name, kind in named)


def faulty_data() -> str:
    """Returns every kind of fault with what `movielens check` says of an example."""
    import faulty_data as examples

    rows = [(f"`{kind}`", message) for kind, message in examples.messages()]
    return rendering.table(("kind", "for example"), rows)


def movielens_definition() -> str:
    """Returns MovieLens' own definition."""
    path = ROOT / "transform" / "datasets" / "movielens.yaml"
    return f"```yaml\n{path.read_text().strip()}\n```"


def shop_definition() -> str:
    """Returns the definition of the example shop."""
    path = ROOT / "examples" / "shop" / "definition.yaml"
    return f"```yaml\n{path.read_text().strip()}\n```"


def manifest() -> str:
    """Returns the fields of the manifest."""
    return rendering.fields("components.bundle.manifest", "Manifest")


def run_record() -> str:
    """Returns the fields of a run's record."""
    return rendering.fields("pipeline.runs.records", "RunRecord")


def metrics() -> str:
    """Returns the names of what the Evaluator measures, and what it slices by."""
    from pipeline.config import Gates
    from pipeline.gates import eval_config
    from transform import datasets

    config = eval_config(Gates(), datasets.load(datasets.MOVIELENS))
    names = []
    for metric in (metric for spec in config.metrics_specs for metric in spec.metrics):
        options = json.loads(metric.config or "{}")
        names += options.get("outputs", [options.get("name", metric.class_name)])
    slices = [key for spec in config.slicing_specs for key in spec.feature_keys]
    quoted = ("\n".join(f"* `{name}`" for name in listed) for listed in (names, slices))
    return "\n\nSliced by:\n\n".join(quoted)


def client() -> str:
    """Returns the public classes of the client."""
    return rendering.classes(CLIENT)


def environment() -> str:
    """Returns the fields of a cluster's environment."""
    return rendering.classes(ENVIRONMENT)


def kubeflow_readme() -> str:
    """Returns `kubeflow/README.md` without its title, as a part of a guide."""
    text = (ROOT / "kubeflow" / "README.md").read_text()
    return text.partition("\n")[2].replace("](../docs/", "](../")


def tree() -> str:
    """Returns every package and module with the first line of its docstring."""
    listed = subprocess.run(
        ["git", "ls-files", *(f"{package}/*.py" for package in PACKAGES)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    by_folder: dict[str, list[str]] = {}
    for path in sorted(path for path in listed if (ROOT / path).exists()):
        by_folder.setdefault(str(pathlib.PurePosixPath(path).parent), []).append(path)
    return "\n\n".join(_folder(folder, paths) for folder, paths in by_folder.items())


PARTS: dict[str, Callable[[], str]] = {
    "commands": commands,
    "settings": settings,
    "run file": run_file,
    "signatures": signatures,
    "inputs by kind": inputs_by_kind,
    "tables": tables,
    "kinds": kinds,
    "faulty data": faulty_data,
    "movielens definition": movielens_definition,
    "shop definition": shop_definition,
    "manifest": manifest,
    "run record": run_record,
    "metrics": metrics,
    "client": client,
    "environment": environment,
    "kubeflow readme": kubeflow_readme,
    "tree": tree,
}
"""What makes each part, by the name that its marker in a page has."""


def _keys(module: str, name: str, title: str) -> str:
    """Returns the fields of a part of a definition, under its first line."""
    about = rendering.docstring(rendering.load(module, name)).partition("\n")[0]
    rows = rendering.fields(module, name, TYPES).splitlines()
    table = "\n".join(row for row in rows if not row.startswith("| `kind` |"))  # the title says it
    return f"### {title}\n\n{about}\n\n{table}"


def _value(value: str | float | int) -> str:
    """Returns a value as requests have it."""
    return {'""': '`""`', "nan": "`NaN`", "0.0": "zeros"}.get(str(value) or '""', f"`{value}`")


def _folder(folder: str, paths: list[str]) -> str:
    rows = []
    about = ""
    for path in paths:
        line = (ast.get_docstring(ast.parse((ROOT / path).read_text())) or "").partition("\n")[0]
        if not line:
            raise ValueError(f"{path} has no docstring to describe it by.")
        if path.endswith("__init__.py"):
            about = line
        else:
            rows.append((f"`{pathlib.PurePosixPath(path).name}`", line))
    table = rendering.table(("module", "what it is"), rows) if rows else ""
    return f"### `{folder}/`\n\n{about}\n\n{table}".rstrip()


def _tensors(specs: dict[str, Any]) -> str:
    """Returns names, types and shapes of tensors, `batch` for a first dimension that is free."""
    texts = []
    for name, spec in specs.items():
        sizes = ["any" if size is None else str(size) for size in spec.shape.as_list()]
        if sizes and sizes[0] == "any":
            sizes[0] = "batch"
        texts.append(f"`{name}` {spec.dtype.name} [{', '.join(sizes)}]")
    return "<br>".join(sorted(texts))


if __name__ == "__main__":
    main()
