"""The calendar in a graph: month and day of the week of seconds since 1970-01-01 UTC."""

import tensorflow as tf

MISSING = tf.int64.min
"""Seconds of a time that is not known."""

SECONDS_PER_DAY = 86_400


def weekday(seconds: tf.Tensor) -> tf.Tensor:
    """Returns 1 for Monday to 7 for Sunday, int64; 0 where the time is missing."""
    days = seconds // SECONDS_PER_DAY
    return tf.where(seconds == MISSING, tf.zeros_like(days), (days + 3) % 7 + 1)


def month(seconds: tf.Tensor) -> tf.Tensor:
    """Returns 1 for January to 12 for December, int64; 0 where the time is missing.

    Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms": `civil_from_days`, in which a
    year begins on the first of March.
    """
    known = tf.where(seconds == MISSING, tf.zeros_like(seconds), seconds)
    days = known // SECONDS_PER_DAY + 719_468
    day_of_era = days - (days // 146_097) * 146_097
    year_of_era = (
        day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096
    ) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    from_march = (5 * day_of_year + 2) // 153
    found = tf.where(from_march < 10, from_march + 3, from_march - 9)
    return tf.where(seconds == MISSING, tf.zeros_like(found), found)
