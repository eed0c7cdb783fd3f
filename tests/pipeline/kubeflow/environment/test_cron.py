import pytest

from pipeline.kubeflow.environment.cron import check_cron


@pytest.mark.parametrize(
    "expression",
    [
        "0 0 3 * * *",
        "0 0 3 ? * MON-FRI",
        "*/30 * * * * *",
        "0 0,30 9-17/2 1,15 jan-jun 0-6",
        "  0 0 3 * * *  ",
    ],
    ids=["daily", "names", "steps", "lists-and-ranges", "spaces"],
)
def test_taken(expression):
    check_cron(expression)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("0 3 * * *", r"must have 6 fields .*, got 5.*Every day at three is \"0 0 3 \* \* \*\""),
        ("", "got 0"),
        ("0 0 3 * * * 2026", "got 7"),
        ("@daily", "got 1"),
        ("60 0 3 * * *", "second must be of 0 to 59, got '60'"),
        ("0 60 3 * * *", "minute must"),
        ("0 0 24 * * *", "hour must"),
        ("0 0 3 0 * *", "day of month must"),
        ("0 0 3 32 * *", "day of month must"),
        ("0 0 3 * 13 *", "month must"),
        ("0 0 3 * * 7", "day of week must"),
        ("0 0 3 * * monday", "got 'monday'"),
        ("0 0 jan * * *", "hour must"),
        ("0 0 5-3 * * *", "hour must"),
        ("0 0 *-3 * * *", "hour must"),
        ("0 0 */0 * * *", "hour must"),
        ("0 0 1,,2 * * *", "hour must"),
        ("0 0 -1 * * *", "hour must"),
        ("0 0 3 L * *", "day of month must"),
    ],
    ids=[
        "five-fields",
        "empty",
        "seven-fields",
        "macro",
        "second",
        "minute",
        "hour",
        "day-zero",
        "day-too-late",
        "month",
        "sunday-is-zero",
        "long-name",
        "name-of-another-field",
        "backwards",
        "range-of-everything",
        "step-of-nothing",
        "empty-entry",
        "negative",
        "not-of-this-dialect",
    ],
)
def test_refused(expression, message):
    with pytest.raises(ValueError, match=message):
        check_cron(expression)
