import datetime
import time

import pytest

from components.ingestion import as_of


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2026-01-31", "2026-01-31T23:59:59+00:00"),
        ("2026-01-31T08:00:00+01:00", "2026-01-31T07:00:00+00:00"),
        ("2026-01-31T08:00:00", "2026-01-31T08:00:00+00:00"),
        ("2026-01-31T08:00:00Z", "2026-01-31T08:00:00+00:00"),
        ("", ""),
    ],
    ids=["end-of-a-day", "zone", "no-zone-is-utc", "z", "none"],
)
def test_moments(text, shown):
    assert as_of.in_full(text) == shown
    assert as_of.in_full(shown) == shown  # one spelling, one cache key


@pytest.mark.parametrize("text", ["31.1.2026", "yesterday", "2026-02-30", "1600000000"])
def test_what_is_no_moment_is_named(text):
    with pytest.raises(ValueError, match=f"'{text}' is no moment .* such as 2026-01-31"):
        as_of.seconds(text)


def test_no_moment_lies_ahead():
    today = datetime.datetime.now(datetime.timezone.utc).date()
    assert as_of.seconds(str(today)) >= time.time() - 86_400
    with pytest.raises(ValueError, match="'2093-08-01' is later than now"):
        as_of.seconds("2093-08-01")
