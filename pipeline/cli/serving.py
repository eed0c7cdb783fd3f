"""`movielens serving`: lists the pushed versions, promotes one, rolls back, checks their files."""

import argparse
import json
from typing import Any

from pipeline.cli import serving_options

PATIENCE_SECONDS = 300.0


def add_to(commands: Any) -> None:
    """Adds the commands to the command line."""
    serving = commands.add_parser(
        "serving",
        help="list versions, promote one, roll back, verify",
        description="What is pushed and what is served. Without a configuration the newest version "
        "is served; `promote` and `rollback` write TensorFlow Serving's models.config, and from "
        "then on a push is served only after it was promoted.",
    )
    actions = serving.add_subparsers(title="actions", required=True, metavar="ACTION")

    listing = actions.add_parser("list", help="the versions, oldest first")
    listing.add_argument("--json", action="store_true", help="print JSON, the manifests included")
    listing.set_defaults(command=list_command)

    promote = actions.add_parser("promote", help="serve a version")
    promote.add_argument("version", type=int, metavar="VERSION")
    promote.add_argument(
        "--canary", action="store_true", help="give it the label canary, beside the stable one"
    )
    promote.set_defaults(command=promote_command)

    rollback = actions.add_parser("rollback", help="serve again what was served before")
    rollback.set_defaults(command=rollback_command)

    verify = actions.add_parser("verify", help="compare files with their manifests")
    verify.add_argument("version", type=int, nargs="?", metavar="VERSION", help="default: all")
    verify.add_argument("--json", action="store_true", help="print JSON")
    verify.set_defaults(command=verify_command)

    for action in (listing, promote, rollback, verify):
        serving_options.add_to(action)
    for action in (promote, rollback):
        server = action.add_mutually_exclusive_group(required=True)
        server.add_argument(
            "--server", metavar="URL", help="REST address of the running server; it is waited for"
        )
        server.add_argument(
            "--no-server", action="store_true", help="none runs: write for one that starts later"
        )
        action.add_argument(
            "--patience",
            type=float,
            default=PATIENCE_SECONDS,
            metavar="SECONDS",
            help=f"how long to wait for the server (default: {PATIENCE_SECONDS:.0f})",
        )
        action.add_argument(
            "--seen-as",
            metavar="PATH",
            help="path of the folder as the server sees it, such as /models/movielens",
        )


def list_command(options: argparse.Namespace) -> int:
    """Lists the versions."""
    from pipeline.runs import tables

    base = serving_options.base(options)
    rows = _versions(base)
    if options.json:
        print(json.dumps(rows))
        return 0
    if not rows:
        print(f"No version under {base} yet; `movielens run` pushes one.")
        return 0
    shown = [("version", "served", "labels", "pushed (UTC)", "movies", "hit@10", "trained by")]
    for row in rows:
        told = row["manifest"] or {}
        push = told.get("push", {})
        hit = push.get("metrics", {}).get("hit@10")
        shown.append(
            (
                str(row["version"]),
                "yes" if row["served"] else "",
                ", ".join(row["labels"]),
                push.get("at", "").partition("+")[0],
                str(told.get("counts", {}).get("movies", "")),
                f"{hit:.4f}" if hit is not None else "",
                told.get("towers", {}).get("run", ""),
            )
        )
    print(f"{base}\n{tables.columns(shown)}")
    return 0


def promote_command(options: argparse.Namespace) -> int:
    """Gives a version the label stable, or canary."""
    from components.registry.models_config import CANARY, STABLE
    from pipeline.rollout import promotion

    base = serving_options.base(options)
    label = CANARY if options.canary else STABLE
    promotion.promote(base, options.version, label, _server(options, base), print, options.seen_as)
    return 0


def rollback_command(options: argparse.Namespace) -> int:
    """Serves again what was served before."""
    from pipeline.rollout import promotion

    base = serving_options.base(options)
    promotion.rollback(base, _server(options, base), print, options.seen_as)
    print("Runs compare with it from now on, and what they push waits for `promote`.")
    return 0


def verify_command(options: argparse.Namespace) -> int:
    """Compares the files of the versions with their manifests; 1 if any differs."""
    from components.bundle import manifest
    from components.registry import versions as registry

    base = serving_options.base(options)
    versions = registry.versions(base) if options.version is None else [options.version]
    found = {version: manifest.problems(registry.folder(base, version)) for version in versions}
    if options.json:
        print(json.dumps(found))
    else:
        for version, problems in found.items():
            print(f"{version}: " + ("; ".join(problems) or "as its manifest says"))
    return int(any(found.values()))


def _versions(base: str) -> list[dict[str, Any]]:
    """Returns what is known of each version, oldest first."""
    import dataclasses

    from components.bundle import manifest
    from components.registry import models_config
    from components.registry import versions as registry

    served = registry.served(base)
    labels = models_config.labels(base)
    rows = []
    for version in registry.versions(base):
        told = manifest.read(registry.folder(base, version))
        rows.append(
            {
                "version": version,
                "served": version == served,
                "labels": sorted(name for name, labelled in labels.items() if labelled == version),
                "manifest": dataclasses.asdict(told) if told else None,
            }
        )
    return rows


def _server(options: argparse.Namespace, base: str) -> Any:
    """Returns the running server that the options name, or None."""
    from components.registry import models_config
    from pipeline.rollout.model_server import ModelServer

    if options.no_server:
        return None
    return ModelServer(options.server, models_config.name_of(base), options.patience)
