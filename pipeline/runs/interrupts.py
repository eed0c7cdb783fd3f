"""Ctrl-C and SIGTERM, remembered where Python drops them."""

import contextlib
import signal
import threading
import types
from collections.abc import Callable, Iterator

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def remember() -> Iterator[Callable[[], None]]:
    """Remembers that somebody pressed Ctrl-C, or ended the process by SIGTERM.

    Python raises `KeyboardInterrupt` wherever the main thread happens to be. In a destructor or in
    a callback from C it is printed and dropped, and the run would go on to its end.

    Yields:
        A function that raises `KeyboardInterrupt`, with the name of the signal, if there was one;
        to be called at every step where the work can end well.
    """
    heard: list[str] = []

    def interrupt(number: int, frame: types.FrameType | None) -> None:
        heard.append(signal.Signals(number).name)
        raise KeyboardInterrupt(heard[0])

    def check() -> None:
        if heard:
            raise KeyboardInterrupt(heard[0])

    if threading.current_thread() is not threading.main_thread():  # which alone hears signals
        yield check
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    ours = {  # what a shell's background job ignores is not ours to hear
        number: handler
        for number, handler in before.items()
        if handler not in (signal.SIG_IGN, None)
    }
    for number in ours:
        signal.signal(number, interrupt)
    try:
        yield check
    finally:
        for number, handler in ours.items():
            signal.signal(number, handler)
