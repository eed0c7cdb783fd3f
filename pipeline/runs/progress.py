"""Progress on the terminal, a line a component, and a log file for all other output."""

import contextlib
import logging
import os
import pathlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import TextIO

WIDTH = 24
SECONDS_OF_A_LINE = 30.0
CLEAR = "\x1b[K"  # from the cursor to the end of the line
TRAINING = "trainer.progress"
"""Logger that tells how far training is, as `trainer.fit.progress` names it."""


class Lines:
    """Writes lines; on a terminal the component that runs is shown before it ends, in one line."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        """Writes to a stream.

        Args:
            stream: The terminal, or a file or pipe.
            clock: Returns seconds.
        """
        self.stream = stream
        self._live = stream.isatty()
        self._clock = clock
        self._node = ""
        self._told = clock()

    def line(self, text: str) -> None:
        """Writes a line, or several."""
        self.stream.write(text + "\n")
        self.stream.flush()

    def start(self, node: str) -> None:
        """Shows that a component runs."""
        self._node, self._told = node, self._clock()
        if self._live:
            self.stream.write(f"  {node:{WIDTH}} …")
            self.stream.flush()

    def during(self, text: str) -> None:
        """Shows how far the component is: in its line on a terminal, else a line each 30 s."""
        if self._live:
            columns = os.get_terminal_size(self.stream.fileno()).columns or 80
            line = f"  {self._node:{WIDTH}} … {text}"
            self.stream.write(f"\r{line[: columns - 1]}{CLEAR}")
            self.stream.flush()
        elif self._clock() - self._told >= SECONDS_OF_A_LINE:
            self._told = self._clock()
            self.line(f"  {self._node:{WIDTH}} … {text}")

    def end(self, node: str, seconds: float, cached: bool) -> None:
        """Replaces it by how long it took."""
        begin = f"\r{CLEAR}" if self._live else ""
        took = "   reused" if cached else f"{seconds:7.1f} s"
        self.line(f"{begin}  {node:{WIDTH}} {took}")


@contextlib.contextmanager
def of_training(lines: Lines) -> Iterator[None]:
    """Shows how far training is, where a component trains in this process.

    Args:
        lines: Where it is shown.
    """

    class Show(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.during(record.getMessage())

    logger, handler = logging.getLogger(TRAINING), Show()
    level, propagate = logger.level, logger.propagate
    logger.setLevel(logging.DEBUG)
    logger.propagate = False  # the log file has lines of its own
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate


@contextlib.contextmanager
def output_to(path: pathlib.Path, shown: TextIO | None = None) -> Iterator[TextIO]:
    """Sends all that this process and its children print to the end of a file.

    File descriptors are redirected, not `sys.stdout`: TensorFlow's C++ writes to them directly.

    Args:
        path: The file.
        shown: What people look at; by default the standard output.

    Yields:
        A stream that still goes there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    kept = [os.dup(descriptor) for descriptor in (1, 2)]
    terminal = os.fdopen(os.dup((shown or sys.stdout).fileno()), "w", encoding="utf-8")
    try:
        with path.open("ab") as file:
            for descriptor in (1, 2):
                os.dup2(file.fileno(), descriptor)
        yield terminal
    finally:
        terminal.close()
        sys.stdout.flush()
        sys.stderr.flush()
        for descriptor, original in zip((1, 2), kept, strict=True):
            os.dup2(original, descriptor)
            os.close(original)
