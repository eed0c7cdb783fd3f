"""An error in words: on one line, as the end of a log has it, and with what to do about it."""

import re

FILE_ERRORS = {
    "DataLossError": "The file is cut short or damaged. If a version holds it, `movielens serving "
    "verify` tells, and `promote` serves another; else remove it and run again.",
    "OutOfRangeError": "The file is cut short: `movielens serving verify` tells of those of a "
    "version; else remove it and run again.",
    "NotFoundError": "The file is gone: `movielens serving verify` tells of those of a version; "
    "else run again.",
    "PermissionDeniedError": "Give whoever runs this the right to read and write it.",
    "ResourceExhaustedError": "Disk or memory is full: free some (`movielens clean --keep 1`), "
    "then run again.",
}
"""What to do where TensorFlow can't use a file, by the name of its error."""

GRAPH = re.compile(r"\{\{function_node [^}]*\}\}\s*|\s*\[Op:[^\]]*\]")
"""What TensorFlow says of its graph in a message; nobody can do anything about that."""


def on_one_line(error: BaseException) -> str:
    """Returns kind and message of an error, its lines put into one."""
    text = GRAPH.sub("", str(error))
    cause = " | ".join(line.strip() for line in text.splitlines() if line.strip())
    return f"{type(error).__name__}: {cause}" if cause else type(error).__name__


def remedy(error: BaseException) -> str:
    """Returns what to do about one of TensorFlow's errors of files; empty for any other error.

    They are told by name, so that TensorFlow need not be imported.
    """
    kinds = [kind for kind in type(error).__mro__ if kind.__module__.startswith("tensorflow.")]
    return next((FILE_ERRORS[kind.__name__] for kind in kinds if kind.__name__ in FILE_ERRORS), "")
