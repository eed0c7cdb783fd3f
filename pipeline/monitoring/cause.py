"""An error on one line: what somebody reads at the end of a log."""


def on_one_line(error: BaseException) -> str:
    """Returns kind and message of an error, its lines put into one."""
    cause = " | ".join(line.strip() for line in str(error).splitlines() if line.strip())
    return f"{type(error).__name__}: {cause}" if cause else type(error).__name__
