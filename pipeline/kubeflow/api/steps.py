"""Doing things to a server one by one, each said before it is done; or only said."""

from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


class Steps:
    """Does what it is told, or in a dry run only says it."""

    def __init__(self, say: Callable[[str], None], dry_run: bool) -> None:
        """Begins.

        Args:
            say: Called with a line for each step.
            dry_run: Whether to say only.
        """
        self.say = say
        self.dry_run = dry_run
        self.said = 0

    def __call__(self, what: str, action: Callable[[], Result]) -> Result | None:
        """Says what is to be done, and does it.

        Args:
            what: In the imperative, without a capital.
            action: Does it.

        Returns:
            What the action returned; None in a dry run.
        """
        self.said += 1
        self.say(f"would {what}" if self.dry_run else what)
        return None if self.dry_run else action()
