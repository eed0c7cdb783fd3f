"""The command line. Imports nothing heavy: `movielens --help` must not wait for TensorFlow."""

import importlib.metadata
import os
import platform
import sys
import warnings
from collections.abc import Sequence

import click

from pipeline.cli.groups import LazyGroup, Place
from pipeline.monitoring import cause
from pipeline.settings.errors import ConfigurationError
from transform.yaml_files import FileError

OK, FAILED, USAGE, NOT_BLESSED, NOTHING_LEFT, INTERRUPTED = 0, 1, 2, 3, 4, 130
PROGRAM = "movielens"
COMMANDS = {
    "fetch": Place("pipeline.cli.fetch", "fetch", "get a MovieLens release"),
    "init": Place("pipeline.cli.init", "init", "write a definition of your own data"),
    "check": Place("pipeline.cli.check", "check", "tell all that is wrong with the data"),
    "run": Place("pipeline.cli.run", "run", "run the whole pipeline"),
    "recommend": Place("pipeline.cli.ask", "recommend", "ask the served bundle"),
    "similar": Place("pipeline.cli.ask", "similar", "show the neighbours of an item"),
    "metrics": Place("pipeline.cli.metrics", "metrics", "show test metrics beside the baselines"),
    "runs": Place("pipeline.cli.runs", "runs", "list runs, or compare two"),
    "show": Place("pipeline.cli.show", "show", "show all that is known of a run"),
    "report": Place("pipeline.cli.report", "report", "write a report of a run, as a page"),
    "doctor": Place("pipeline.cli.doctor", "doctor", "tell what is wrong here, in seconds"),
    "settings": Place("pipeline.cli.settings", "settings", "list what can be set, and to what"),
    "tune": Place("pipeline.cli.tune", "tune", "look for better hyperparameters"),
    "refresh": Place("pipeline.cli.refresh", "refresh", "serve new items without training"),
    "serving": Place(
        "pipeline.cli.serving", "serving", "list versions, promote one, roll back, verify"
    ),
    "batch": Place(
        "pipeline.cli.batch", "batch", "recommendations for every user, as a Parquet file"
    ),
    "forget": Place("pipeline.cli.forget", "forget", "erase users from everything served"),
    "clean": Place("pipeline.cli.clean", "clean", "remove what old runs left"),
    "serve": Place(
        "pipeline.cli.serve", "serve", "serve the pushed bundle, with a page to look at it"
    ),
    "kubeflow": Place(
        "pipeline.cli.kubeflow", "kubeflow", "the same pipeline on Kubeflow Pipelines"
    ),
}


@click.group(
    cls=LazyGroup,
    places=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
    epilog="""Begin with `movielens run`, then `movielens recommend 42`.

    In bash, `eval "$(_MOVIELENS_COMPLETE=bash_source movielens)"` makes the tab key complete
    commands, options, presets and settings; zsh_source and fish_source do so there.""",
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=lambda context, _, asked: _print_versions(context) if asked else None,
    help="Show the versions of this program and of what it runs on.",
)
@click.pass_context
def movielens(context: click.Context) -> None:
    """From a catalogue and what people did with it to a recommender for TensorFlow Serving.

    Ingest, check, transform, train, evaluate, bless, push.
    """
    # Both are read when TensorFlow is first imported. TFRS and Transform's layer need Keras 2; and
    # without a GPU TensorFlow logs errors about it, which only a log file should hold.
    os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
    level = "2" if context.invoked_subcommand == "run" else "3"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", level)
    warnings.simplefilter("ignore", FutureWarning)  # Google's libraries, of Python 3.10's age


def _print_versions(context: click.Context) -> None:
    """Prints the versions of what the results depend on, and ends the command."""
    for package in ("movielens-tfx", "tfx", "tensorflow", "apache-beam", "kfp"):
        print(f"{package} {importlib.metadata.version(package)}")
    print(f"python {platform.python_version()}")
    context.exit()


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command.

    Args:
        arguments: By default those of the process.

    Returns:
        Exit status: 0 done, 1 failed, 2 misused, 3 not blessed, 4 nobody was left to forget, 130
        interrupted. What is wrong with the command itself or with a setting is misuse, whatever
        the world is like; what is not there, or can't be done, is failure.

    Raises:
        SystemExit: With 1, where nobody reads what is printed: `movielens … | head`.
    """
    try:
        status = movielens.main(
            None if arguments is None else list(arguments),
            prog_name=PROGRAM,
            standalone_mode=False,
        )
        return int(status or OK)
    except click.Abort:
        print("Interrupted. Run the same command again: what was finished is reused.")
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (ConfigurationError, FileError) as error:
        print(f"{PROGRAM}: {error}", file=sys.stderr)
        return USAGE
    except (ValueError, LookupError, OSError) as error:
        message = error.args[0] if isinstance(error, LookupError) and error.args else error
        print(f"{PROGRAM}: {message}", file=sys.stderr)
        return FAILED
    except Exception as error:  # raised again, unless TensorFlow says that a file is at fault
        if not (remedy := cause.remedy(error)):
            raise
        print(f"{PROGRAM}: {cause.on_one_line(error)}. {remedy}", file=sys.stderr)
        return FAILED
