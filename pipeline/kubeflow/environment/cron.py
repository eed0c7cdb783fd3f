"""Cron expressions as Kubeflow Pipelines' scheduler reads them, and stricter."""

import re

FIELDS = {  # name, lowest and highest value, in order
    "second": (0, 59),
    "minute": (0, 59),
    "hour": (0, 23),
    "day of month": (1, 31),
    "month": (1, 12),
    "day of week": (0, 6),
}
NAMES = {
    "month": ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    "day of week": ["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
}
ENTRY = re.compile(r"(?P<first>\*|\?|\w+)(-(?P<last>\w+))?(/(?P<step>\d+))?")


def check_cron(expression: str) -> None:
    """Checks a cron expression of exactly 6 fields, seconds first.

    The server takes 5 fields too, and shifts them: "0 3 * * *" is not three in the morning there
    but the third minute of every hour.

    Args:
        expression: Such as "0 0 3 * * *", every day at three.

    Raises:
        ValueError: It has not 6 fields, or the scheduler would refuse one of them.
    """
    fields = expression.split()
    if len(fields) != len(FIELDS):
        raise ValueError(
            f"cron must have 6 fields ({', '.join(FIELDS)}), got {len(fields)}: {expression!r}. "
            'Every day at three is "0 0 3 * * *".'
        )
    for (name, (lowest, highest)), field in zip(FIELDS.items(), fields, strict=True):
        for entry in field.split(","):
            if not _is_valid(entry, name, lowest, highest):
                raise ValueError(
                    f"cron's {name} must be of {lowest} to {highest}, got {entry!r} "
                    f"in {expression!r}."
                )


def _is_valid(entry: str, name: str, lowest: int, highest: int) -> bool:
    match = ENTRY.fullmatch(entry)
    if not match or (match["step"] and int(match["step"]) < 1):
        return False
    if match["first"] in ("*", "?"):
        return match["last"] is None
    names = NAMES.get(name, [])
    bounds = []
    for text in (match["first"], match["last"] or match["first"]):
        text = text.lower()
        if text in names:
            bounds.append(lowest + names.index(text))
        elif text.isdecimal():
            bounds.append(int(text))
        else:
            return False
    return lowest <= bounds[0] <= bounds[1] <= highest
