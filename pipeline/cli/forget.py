"""`movielens forget`: takes people out of everything that is served."""

import json
import pathlib

import click

from pipeline.cli import values, versions
from pipeline.cli.main import NOTHING_LEFT, OK
from pipeline.cli.serving import model_server, of_a_server


@click.command()
@click.argument("users", nargs=-1, metavar="USER…")
@click.option("--users-file", type=values.FILE, metavar="FILE", help="Text file, an id a line.")
@click.option(
    "--clean", is_flag=True, help="Remove artifacts, logs and trials too: `movielens clean`."
)
@click.option(
    "--sign-key", type=values.FILE, help="Private key that the new versions are signed with."
)
@of_a_server
@versions.json_option
@versions.options
def forget(
    users: tuple[str, ...],
    users_file: pathlib.Path | None,
    clean: bool,
    sign_key: pathlib.Path | None,
    server: str | None,
    no_server: bool,
    patience: float,
    seen_as: str | None,
    ca_file: pathlib.Path | None,
    token_file: pathlib.Path | None,
    as_json: bool,
    base: pathlib.Path | None,
    runs: pathlib.Path,
) -> int:
    """Erases each USER from every version: id, features, history, row of the towers.

    Versions are replaced by new ones without them, which are served in their place; then the old
    ones are removed. Whether a server runs must be said where versions carry labels.

    Exit status: 0 if somebody was erased, 4 if no version held any of them, 1 if it failed; then
    the same command finishes it.
    """
    from components.ingestion import forgotten
    from components.registry import models_config, signature
    from pipeline.monitoring import gauges
    from pipeline.rollout import forget as forgetting
    from pipeline.runs import clean as cleaning

    asked = list(dict.fromkeys([*users, *_read(users_file)]))
    if not asked:
        raise click.UsageError("Say who is to be forgotten: USER, or --users-file FILE.")
    if server and no_server:
        raise click.UsageError("Give --server or --no-server, not both.")
    key = signature.read_private(str(sign_key)) if sign_key else None
    folder = versions.find_base(base, runs)
    labelled = models_config.labels(folder) or models_config.loaded(folder)
    if labelled and not server and not no_server:
        raise click.UsageError(
            f"{models_config.path_of(folder)} says which versions are loaded, and a server must "
            "follow: one of --server --no-server is required."
        )
    output = pathlib.Path(folder).parent.parent
    say = (lambda line: None) if as_json else print
    if clean:
        cleaning.check_is_free(output)
    forgotten.write(folder, forgotten.read(folder).add(asked))
    running = model_server(server, folder, patience, ca_file, token_file)
    done = forgetting.forget(folder, asked, running, say, seen_as, key)
    gauges.follow_labels(folder)
    cleaned = cleaning.clean(output, 0) if clean else None
    if as_json:
        told = {
            "found": done.found,
            "replaced": done.replaced,
            "removed": done.removed,
            "freed": cleaned.freed if cleaned else 0,
            "data": cleaning.data_folders(output),
        }
        print(json.dumps(told))
    else:
        print("\n".join(_lines(done.found, folder)))
        if cleaned:
            print(cleaning.told(cleaned))
        print("\n".join(_remains(output)))
    return OK if any(done.found.values()) or done.replaced or done.removed else NOTHING_LEFT


def _read(path: pathlib.Path | None) -> list[str]:
    """Returns the ids in a text file, an id a line; empty lines are none."""
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line] if path else []


def _lines(found: dict[str, list[int]], base: str) -> list[str]:
    """Returns what became of each user."""
    return [
        f"{user}: erased from {', '.join(map(str, held))}"
        if held
        else f"{user}: nothing left, no version under {base} holds this user: never known, or "
        "forgotten before"
        for user, held in found.items()
    ]


def _remains(output: pathlib.Path) -> list[str]:
    """Returns where else the users may be, which this command does not look into."""
    from pipeline.runs import clean as cleaning

    size = cleaning.clean(output, 0, dry_run=True).freed
    lines = ["They may still be in"]
    lines += [
        f"  {folder}: runs that push here leave them out from now on, others do not"
        for folder in cleaning.data_folders(output)
    ]
    if size:
        lines.append(
            f"  artifacts, logs and trials of runs under {output}, {cleaning.megabytes(size)}: "
            "`movielens clean --keep 0` removes them"
        )
    lines.append("  files of `movielens batch`, logs of servers, copies and backups")
    return lines
