"""`movielens kubeflow …`: the pipeline on a cluster. Imports nothing heavy before it is needed."""

import json
import os
import pathlib
import tempfile
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli import values
from pipeline.cli.groups import Group

if TYPE_CHECKING:
    from pipeline.kubeflow.api.server import Server
    from pipeline.kubeflow.api.steps import Steps

AUTHENTICATION = """\b
Who is asking is told by at most one of these variables; with none, a port-forward is assumed:
  KF_PIPELINES_TOKEN_FILE      file of a bearer token
  KF_PIPELINES_SA_TOKEN_PATH   projected service-account token, inside the cluster
  KF_PIPELINES_COOKIE          cookie of a logged-in browser
  KF_PIPELINES_CA_FILE         in addition: certificates to check the server's against
"""

version_option = click.option(
    "--version", metavar="VERSION", help="Name of the version.  [default: the git revision]"
)
dry_run_option = click.option("--dry-run", is_flag=True, help="Look, and say what would be done.")
parameters_option = click.option(
    "--parameter",
    "parameters",
    multiple=True,
    type=values.PARAMETER,
    help="Runtime parameter of the compiled pipeline. Repeatable.",
)


def _of_an_environment(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that say which cluster is meant."""
    named = click.option("--env", required=True, metavar="NAME", help="Environment: dev, prod, …")
    folder = click.option(
        "--environments",
        type=values.PATH,
        default=pathlib.Path("kubeflow") / "environments",
        metavar="FOLDER",
        help="Where NAME.yaml is.",
    )
    return named(folder(command))


@click.group(cls=Group, epilog="kubeflow/README.md goes from the image to a scheduled run.")
def kubeflow() -> None:
    """Deploys, runs and schedules the pipeline on open-source Kubeflow Pipelines 2."""


@kubeflow.command("compile")
@_of_an_environment
@click.option("--output", required=True, type=values.PATH, metavar="FILE", help="File to write.")
def compile_(env: str, environments: pathlib.Path, output: pathlib.Path) -> None:
    """Writes the pipeline as the YAML that Kubeflow Pipelines takes.

    Checks it for all that the server would refuse. Equal input gives equal bytes.
    """
    from pipeline.kubeflow.compiler.compile import compile_to
    from pipeline.kubeflow.environment import cluster

    compile_to(cluster.load(env, environments), output)
    print(f"{output} is the pipeline for {env}.")


@kubeflow.command(epilog=AUTHENTICATION)
@_of_an_environment
@version_option
@dry_run_option
@click.option(
    "--package",
    type=values.PATH,
    metavar="FILE",
    help="A compiled pipeline.  [default: compile now]",
)
def deploy(
    env: str,
    environments: pathlib.Path,
    version: str | None,
    dry_run: bool,
    package: pathlib.Path | None,
) -> None:
    """Compiles the pipeline and uploads it as a version named by the git revision.

    May be repeated: what is there already is left as it is.
    """
    from pipeline.kubeflow.api import deploy as deploying
    from pipeline.kubeflow.compiler.compile import compile_to

    server, step = _open(env, environments, dry_run)
    name = version or _revision()
    server.environment.check_image()
    with tempfile.TemporaryDirectory() as folder:
        if package is None:
            package = pathlib.Path(folder) / "pipeline.yaml"
            compile_to(server.environment, package)
        deploying.deploy(server, package, name, step)
    if not step.said:
        print(f"Version {name} of {server.environment.pipeline_name} is there already.")


@kubeflow.command(epilog=AUTHENTICATION)
@_of_an_environment
@version_option
@dry_run_option
@parameters_option
def run(
    env: str,
    environments: pathlib.Path,
    version: str | None,
    dry_run: bool,
    parameters: tuple[str, ...],
) -> None:
    """Starts a run of a deployed version now."""
    import datetime

    from pipeline.kubeflow.api import deploy as deploying
    from pipeline.kubeflow.api.parameters import parse

    server, step = _open(env, environments, dry_run)
    deployed = deploying.find(server, version or _revision())
    given = parse(parameters, deployed.parameters)
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H-%M-%S")
    run_id = step(
        f"start a run of version {deployed.name}" + (f" with {given}" if given else ""),
        lambda: server.start(
            server.experiment_id() or server.create_experiment(),
            deployed,
            f"{server.environment.pipeline_name} {deployed.name} {now}",
            given,
        ),
    )
    if run_id:
        print(f"{server.environment.host}/#/runs/details/{run_id}")


@kubeflow.command(epilog=AUTHENTICATION)
@_of_an_environment
@version_option
@dry_run_option
@click.option("--from", "first", required=True, type=values.SPAN, help="First span.")
@click.option("--to", "last", required=True, type=values.SPAN, help="Last span.")
@parameters_option
def backfill(
    env: str,
    environments: pathlib.Path,
    version: str | None,
    dry_run: bool,
    first: str,
    last: str,
    parameters: tuple[str, ...],
) -> None:
    """Runs spans one after another, and waits for each.

    A span is a number or a date, of data that is a pattern such as /data/{SPAN}. Ends at the first
    run that does not succeed, which one that is not blessed does not either.
    """
    from pipeline.kubeflow.api import backfill as filling
    from pipeline.kubeflow.api import deploy as deploying
    from pipeline.kubeflow.api.parameters import parse

    spans = filling.between(first, last)
    server, step = _open(env, environments, dry_run)
    deployed = deploying.find(server, version or _revision())
    filling.backfill(server, deployed, spans, parse(parameters, deployed.parameters), step)


@kubeflow.command(epilog=AUTHENTICATION)
@_of_an_environment
@version_option
@dry_run_option
@click.option(
    "--cron",
    type=values.CRON,
    help='6 fields, seconds first, UTC: "0 0 3 * * *" is every day at three.  '
    "[default: the environment's]",
)
@parameters_option
def schedule(
    env: str,
    environments: pathlib.Path,
    version: str | None,
    dry_run: bool,
    cron: str | None,
    parameters: tuple[str, ...],
) -> None:
    """Makes a schedule the only one.

    An old one is switched off before the new one is switched on; its run that is under way goes
    on. One run at a time, nothing is caught up with.
    """
    from pipeline.kubeflow.api import deploy as deploying
    from pipeline.kubeflow.api import schedule as scheduling
    from pipeline.kubeflow.api.parameters import parse
    from pipeline.kubeflow.environment import cluster

    cron = cron or cluster.load(env, environments).cron
    if not cron:
        raise click.UsageError(f"The environment {env!r} has no cron: give one with --cron.")
    server, step = _open(env, environments, dry_run)
    deployed = deploying.find(server, version or _revision())
    scheduling.schedule(server, deployed, cron, parse(parameters, deployed.parameters), step)
    if not step.said:
        print(f'Version {deployed.name} is scheduled "{cron}" already.')


@kubeflow.command(epilog=AUTHENTICATION)
@_of_an_environment
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def status(env: str, environments: pathlib.Path, as_json: bool) -> None:
    """Shows what is deployed, when it runs, and how the latest runs ended.

    Of a run that failed: the component, the error, the last line of its log, and where to look.
    """
    from pipeline.kubeflow.api import status as statuses

    server, _ = _open(env, environments, dry_run=False)
    state = statuses.read(server)
    print(json.dumps(state) if as_json else statuses.table(state))


@kubeflow.command(epilog=AUTHENTICATION)
@_of_an_environment
@dry_run_option
def unschedule(env: str, environments: pathlib.Path, dry_run: bool) -> None:
    """Ends the environment's schedule. A run that is under way goes on.

    Servers before 2.16 would kill it: there the schedule stays, switched off, and the same command
    removes it once the run has ended.
    """
    from pipeline.kubeflow.api import schedule as scheduling

    server, step = _open(env, environments, dry_run)
    scheduling.unschedule(server, step)
    if not step.said:
        print(f"{server.environment.pipeline_name} has no schedule.")


def _open(env: str, environments: pathlib.Path, dry_run: bool) -> tuple["Server", "Steps"]:
    """Returns the environment's server, and what does steps there."""
    from pipeline.kubeflow.api.connection import authentication
    from pipeline.kubeflow.api.server import Server
    from pipeline.kubeflow.api.steps import Steps
    from pipeline.kubeflow.environment import cluster

    server = Server(cluster.load(env, environments), authentication(os.environ))
    return server, Steps(print, dry_run)


def _revision() -> str:
    """Returns the name of the version that this checkout is."""
    from pipeline.kubeflow.api.revision import revision

    return revision(pathlib.Path(__file__).parent)
