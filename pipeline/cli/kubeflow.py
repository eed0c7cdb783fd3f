"""`movielens kubeflow …`: the pipeline on a cluster. Imports nothing heavy before it is needed."""

import argparse
import json
import os
import pathlib
import tempfile
from typing import TYPE_CHECKING, Any

from pipeline.kubeflow.compiler.compile import add_compile, add_environment

if TYPE_CHECKING:
    from pipeline.kubeflow.api.server import Server
    from pipeline.kubeflow.api.steps import Steps
    from pipeline.kubeflow.environment.cluster import Environment

OK = 0
AUTHENTICATION = """\
who is asking is told by at most one of these variables; with none, a port-forward is assumed:
  KF_PIPELINES_TOKEN_FILE      file of a bearer token
  KF_PIPELINES_SA_TOKEN_PATH   projected service-account token, inside the cluster
  KF_PIPELINES_COOKIE          cookie of a logged-in browser
  KF_PIPELINES_CA_FILE         in addition: certificates to check the server's against
"""


def add_to(commands: Any) -> None:
    """Adds `kubeflow` and its sub-commands.

    Args:
        commands: What `ArgumentParser.add_subparsers` returned.
    """
    group = commands.add_parser(
        "kubeflow",
        help="the same pipeline on Kubeflow Pipelines",
        description="Deploys, runs and schedules the pipeline on open-source Kubeflow Pipelines 2.",
        epilog="kubeflow/README.md goes from the image to a scheduled run.",
    ).add_subparsers(title="commands", required=True, metavar="COMMAND")

    add_compile(group)

    deploy = _add(
        group,
        "deploy",
        deploy_command,
        "put this revision on the server",
        "Compiles the pipeline and uploads it as a version named by the git revision. May be "
        "repeated: what is there already is left as it is.",
    )
    deploy.add_argument(
        "--package", type=pathlib.Path, help="a compiled pipeline (default: compile now)"
    )

    run = _add(group, "run", run_command, "start a run now", "Starts a run of a deployed version.")
    _takes_parameters(run)

    schedule = _add(
        group,
        "schedule",
        schedule_command,
        "run it regularly",
        "Makes a schedule the only one: an old one is switched off before the new one is switched "
        "on. One run at a time, nothing is caught up with.",
    )
    schedule.add_argument(
        "--cron",
        help='6 fields, seconds first, UTC: "0 0 3 * * *" is every day at three '
        "(default: the environment's)",
    )
    _takes_parameters(schedule)

    status = _add(
        group,
        "status",
        status_command,
        "show version, schedule and latest runs",
        "Shows what is deployed, when it runs, and how the latest runs ended.",
        changes=False,
    )
    status.add_argument("--json", action="store_true", help="print JSON")

    _add(
        group,
        "unschedule",
        unschedule_command,
        "run it no longer",
        "Deletes the environment's schedule. Runs that are under way go on.",
        named=False,
    )


def deploy_command(options: argparse.Namespace) -> int:
    """Puts a version on the server."""
    from pipeline.kubeflow.api import deploy

    server, step, name = _open(options)
    server.environment.check_image()
    with tempfile.TemporaryDirectory() as folder:
        package = options.package or _compiled(server.environment, pathlib.Path(folder))
        deploy.deploy(server, package, name, step)
    if not step.said:
        print(f"Version {name} of {server.environment.pipeline_name} is there already.")
    return OK


def run_command(options: argparse.Namespace) -> int:
    """Starts a run."""
    import datetime

    from pipeline.kubeflow.api import deploy, parameters

    server, step, name = _open(options)
    version = deploy.find(server, name)
    values = parameters.parse(options.parameter, version.parameters)
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H-%M-%S")
    run_id = step(
        f"start a run of version {version.name}" + (f" with {values}" if values else ""),
        lambda: server.start(
            server.experiment_id() or server.create_experiment(),
            version,
            f"{server.environment.pipeline_name} {version.name} {now}",
            values,
        ),
    )
    if run_id:
        print(f"{server.environment.host}/#/runs/details/{run_id}")
    return OK


def schedule_command(options: argparse.Namespace) -> int:
    """Makes a schedule the only one."""
    from pipeline.kubeflow.api import deploy, parameters, schedule
    from pipeline.kubeflow.environment import cluster
    from pipeline.kubeflow.environment.cron import check_cron

    cron = options.cron or cluster.load(options.env, options.environments).cron
    if not cron:
        raise ValueError(f"The environment {options.env!r} has no cron: give one with --cron.")
    check_cron(cron)
    server, step, name = _open(options)
    version = deploy.find(server, name)
    values = parameters.parse(options.parameter, version.parameters)
    schedule.schedule(server, version, cron, values, step)
    if not step.said:
        print(f'Version {version.name} is scheduled "{cron}" already.')
    return OK


def unschedule_command(options: argparse.Namespace) -> int:
    """Deletes the schedule."""
    from pipeline.kubeflow.api import schedule

    server, step, _ = _open(options)
    schedule.unschedule(server, step)
    if not step.said:
        print(f"{server.environment.pipeline_name} has no schedule.")
    return OK


def status_command(options: argparse.Namespace) -> int:
    """Shows what is on the server."""
    from pipeline.kubeflow.api import status

    server, _, _ = _open(options)
    state = status.read(server)
    print(json.dumps(state) if options.json else status.table(state))
    return OK


def _add(
    group: Any,
    name: str,
    command: Any,
    summary: str,
    description: str,
    changes: bool = True,
    named: bool = True,
) -> argparse.ArgumentParser:
    """Returns the parser of a sub-command, with the options that all of them have.

    Args:
        group: What it is added to.
        name: What is typed.
        command: Runs it.
        summary: Its line in the list.
        description: The head of its help.
        changes: Whether it changes anything on the server.
        named: Whether it is about a version.
    """
    parser: argparse.ArgumentParser = group.add_parser(
        name,
        help=summary,
        description=description,
        epilog=AUTHENTICATION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_environment(parser)
    if changes and named:
        parser.add_argument(
            "--version", metavar="VERSION", help="name of the version (default: the git revision)"
        )
    if changes:
        parser.add_argument(
            "--dry-run", action="store_true", help="look, and say what would be done"
        )
    parser.set_defaults(command=command)
    return parser


def _compiled(environment: "Environment", folder: pathlib.Path) -> pathlib.Path:
    """Returns the file of the pipeline, compiled for an environment into a folder."""
    from pipeline.kubeflow.compiler.compile import compile_to

    package = folder / "pipeline.yaml"
    compile_to(environment, package)
    return package


def _takes_parameters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="runtime parameter of the compiled pipeline; may be repeated",
    )


def _open(options: argparse.Namespace) -> tuple["Server", "Steps", str]:
    """Returns the environment's server, what does steps there, and the name of the version."""
    from pipeline.kubeflow.api.connection import authentication
    from pipeline.kubeflow.api.revision import revision
    from pipeline.kubeflow.api.server import Server
    from pipeline.kubeflow.api.steps import Steps
    from pipeline.kubeflow.environment import cluster

    where = cluster.load(options.env, options.environments)
    name = ""
    if hasattr(options, "version"):
        name = options.version or revision(pathlib.Path(__file__).parent)
    server = Server(where, authentication(os.environ))
    return server, Steps(print, getattr(options, "dry_run", False)), name
