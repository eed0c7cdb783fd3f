"""`movielens report`: a run as a page that a person reads."""

import os
import pathlib

import click

from pipeline.cli.versions import runs_option


@click.command()
@click.argument("run", required=False)
@click.option(
    "--compare",
    metavar="RUN",
    help="Compare with this run.  [default: the last blessed one before]",
)
@click.option(
    "--out",
    type=click.Path(path_type=pathlib.Path, dir_okay=False),
    metavar="FILE",
    help="Where to write it.  [default: reports/RUN.html in the output folder]",
)
@runs_option
def report(
    run: str | None, compare: str | None, out: pathlib.Path | None, runs: pathlib.Path
) -> None:
    """Writes a report of RUN, by default of the last one: one HTML file that loads nothing else.

    Verdict and why, metrics beside what they are compared with, slices, data, settings, cost, and
    what to do now.
    """
    from pipeline.report import page
    from pipeline.runs import records

    found = records.read_all(runs)
    if not found:
        raise LookupError(f"No run under {runs} yet; start one with `movielens run`.")
    record = records.named(found, run, runs) if run else found[-1]
    previous = records.named(found, compare, runs) if compare else page.find_previous(record, found)
    path = out or pathlib.Path(record.output, "reports", f"{record.run_id}.html")
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.write_text(page.render(record, previous, found), encoding="utf-8")
    os.replace(temporary, path)
    print(path)
