"""Progress on the terminal, a line a component, and a log file for all other output."""

import contextlib
import os
import pathlib
import sys
from collections.abc import Iterator
from typing import TextIO

WIDTH = 24


class Lines:
    """Writes lines; on a terminal the component that runs is shown before it ends."""

    def __init__(self, stream: TextIO) -> None:
        """Writes to a stream."""
        self.stream = stream
        self._live = stream.isatty()

    def line(self, text: str) -> None:
        """Writes a line, or several."""
        self.stream.write(text + "\n")
        self.stream.flush()

    def start(self, node: str) -> None:
        """Shows that a component runs."""
        if self._live:
            self.stream.write(f"  {node:{WIDTH}} …")
            self.stream.flush()

    def end(self, node: str, seconds: float, cached: bool) -> None:
        """Replaces it by how long it took."""
        begin = "\r" if self._live else ""
        took = "   reused" if cached else f"{seconds:7.1f} s"
        self.line(f"{begin}  {node:{WIDTH}} {took}")


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
