"""The moment that data is looked at from: what happened later is set aside, and counted."""

import datetime
import time

END_OF_DAY = datetime.time(23, 59, 59)
DAY = 86_400


def seconds(text: str) -> int | None:
    """Returns a moment in seconds since 1970-01-01 UTC; None of an empty text.

    A day means its last second, a time without a zone is in UTC.

    >>> seconds("2026-01-31") == seconds("2026-01-31T23:59:59+00:00")
    True

    Args:
        text: ISO 8601, such as "2026-01-31" or "2026-01-31T08:00:00+01:00"; or empty.

    Raises:
        ValueError: The text is no moment, or one that lies ahead by more than a day.
    """
    if not text:
        return None
    try:
        if len(text) == len("2026-01-31"):
            moment = datetime.datetime.combine(datetime.date.fromisoformat(text), END_OF_DAY)
        else:
            zoned = text[:-1] + "+00:00" if text.endswith("Z") else text
            moment = datetime.datetime.fromisoformat(zoned)
    except ValueError:
        raise ValueError(
            f"{text!r} is no moment to look at the data from: write a day such as 2026-01-31, "
            "whose end is meant, or a time such as 2026-01-31T08:00:00+00:00."
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.timezone.utc)
    if moment.timestamp() > time.time() + DAY:
        raise ValueError(
            f"{text!r} is later than now. Leave it out: what has happened until now is read, and "
            "events that are later are refused."
        )
    return int(moment.timestamp())


def in_full(text: str) -> str:
    """Returns a moment as it is shown and recorded: ISO 8601, in UTC; empty if there is none.

    Raises:
        ValueError: The text is no moment.
    """
    moment = seconds(text)
    return "" if moment is None else shown(moment)


def shown(moment: int) -> str:
    """Returns seconds since 1970-01-01 UTC as ISO 8601."""
    return datetime.datetime.fromtimestamp(moment, datetime.timezone.utc).isoformat()
