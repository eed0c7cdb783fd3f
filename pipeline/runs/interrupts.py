"""Ctrl-C, remembered where Python drops it."""

import contextlib
import signal
import threading
import types
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def remember() -> Iterator[Callable[[], None]]:
    """Remembers that somebody pressed Ctrl-C.

    Python raises `KeyboardInterrupt` wherever the main thread happens to be. In a destructor or in
    a callback from C it is printed and dropped, and the run would go on to its end.

    Yields:
        A function that raises `KeyboardInterrupt` if there was one; to be called at every step
        where the work can end well.
    """
    pressed = threading.Event()

    def interrupt(number: int, frame: types.FrameType | None) -> None:
        pressed.set()
        raise KeyboardInterrupt

    def check() -> None:
        if pressed.is_set():
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():  # which alone hears signals
        yield check
        return
    before = signal.getsignal(signal.SIGINT)
    if before in (signal.SIG_IGN, None):  # as in a shell's background job: it is not ours to hear
        yield check
        return
    signal.signal(signal.SIGINT, interrupt)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, before)
