"""Lines of a run's log: each with time, level and component, none a dump of whole messages."""

import contextlib
import logging
import pathlib
import re
import time
from collections.abc import Callable, Iterator

LONGEST = 500
"""Characters of a line that only informs; warnings and errors are whole."""


IMPORT_NOISE = re.compile(
    rb"Unable to register cu(FFT|DNN|BLAS) factory|TF-TRT Warning|computation_placer already "
    rb"registered|All log messages before absl::InitializeLog"
)
"""What TensorFlow says of GPU libraries whenever it is imported, as errors, and means nothing."""


def drop_import_noise(log: pathlib.Path) -> None:
    """Removes what importing TensorFlow wrote into a log that nobody else writes to just now.

    Afterwards, since a crash while importing must leave everything there.
    """
    with log.open("r+b") as file:
        lines = file.readlines()
        kept = [line for line in lines if not IMPORT_NOISE.search(line)]
        if len(kept) < len(lines):
            file.seek(0)
            file.writelines(kept)
            file.truncate()


@contextlib.contextmanager
def formatted(component: Callable[[], str]) -> Iterator[None]:
    """Formats what is logged in this process, to standard error.

    TFX logs whole protobuf messages, some 10,000 lines a run; of such a message the first line is
    kept.

    Args:
        component: Returns the name of the component that runs now.
    """
    root = logging.getLogger()
    handler = logging.StreamHandler()
    handler.setFormatter(_Formatter(component))
    kept = [each for each in root.handlers if type(each) is logging.StreamHandler]
    for each in kept:
        root.removeHandler(each)
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        for each in kept:
            root.addHandler(each)


class _Formatter(logging.Formatter):
    converter = staticmethod(time.gmtime)

    def __init__(self, component: Callable[[], str]) -> None:
        super().__init__(
            "%(asctime)sZ %(levelname)s %(component)s: %(message)s", "%Y-%m-%dT%H:%M:%S"
        )
        self._component = component

    def format(self, record: logging.LogRecord) -> str:
        record.component = self._component()
        text = super().format(record)
        return text if record.levelno > logging.INFO or record.exc_info else _first_line(text)


def _first_line(text: str) -> str:
    """Returns a text as one line, cut where it is long."""
    line, _, rest = text.partition("\n")
    return f"{line[:LONGEST]} …" if rest or len(line) > LONGEST else line
