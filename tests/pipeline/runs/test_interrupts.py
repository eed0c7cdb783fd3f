"""Ctrl-C is heard even where Python drops it."""

import os
import signal
import threading

import pytest

from pipeline.runs import interrupts


@pytest.fixture(autouse=True)
def heard():
    """Python's own handler; a shell's background jobs ignore Ctrl-C, and so would these tests."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Stubborn:
    """Its destructor is where the signal arrives: Python prints the exception and goes on."""

    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_python_drops_is_raised_at_the_next_step():
    with interrupts.remember() as check:
        check()
        Stubborn()
        with pytest.raises(KeyboardInterrupt):
            check()


def test_what_python_raises_is_raised_at_once():
    with pytest.raises(KeyboardInterrupt), interrupts.remember():
        signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("number", interrupts.SIGNALS)
def test_the_exception_names_the_signal(number):
    with pytest.raises(KeyboardInterrupt, match=number.name), interrupts.remember():
        signal.raise_signal(number)


def test_the_handler_before_comes_back():
    before = signal.getsignal(signal.SIGINT)
    with interrupts.remember():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_ignored_signals_stay_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interrupts.remember() as check:
            signal.raise_signal(signal.SIGINT)
            check()
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_hear_nothing_and_disturb_nothing():
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def work():
        with interrupts.remember() as check:
            check()
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]
