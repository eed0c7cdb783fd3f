"""The one error that bad input raises, and its wording."""

import pathlib


class DataError(ValueError):
    """A GroupLens file is not what it should be. Says where, what came and what to do."""


def data_error(
    path: pathlib.Path, problem: str, remedy: str, line_number: int | None = None
) -> DataError:
    """Returns the error for one finding, for the caller to raise.

    Args:
        path: The file or folder at fault.
        problem: What is wrong, with the offending value, without a full stop.
        remedy: What the reader can do about it, a full sentence.
        line_number: 1-based line of the file, header and blank lines counted; None if no single
            line is at fault.

    Returns:
        The error, its message like `ratings.dat, line 7: <problem>. <remedy>`.
    """
    place = str(path) if line_number is None else f"{path}, line {line_number}"
    return DataError(f"{place}: {problem}. {remedy}")
