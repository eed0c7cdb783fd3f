import datetime

import numpy as np
import pytest
import tensorflow as tf

from transform import calendar

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)


def seconds(*moment):
    return int((datetime.datetime(*moment, tzinfo=UTC) - EPOCH).total_seconds())


def test_every_day_of_five_centuries():
    first = datetime.date(1700, 1, 1).toordinal()
    days = [datetime.date.fromordinal(first + day) for day in range(182_622)]
    noon = tf.constant([(day.toordinal() - 719_163) * 86_400 + 43_200 for day in days], tf.int64)
    np.testing.assert_array_equal(calendar.month(noon), [day.month for day in days])
    np.testing.assert_array_equal(calendar.weekday(noon), [day.isoweekday() for day in days])


@pytest.mark.parametrize(
    "moment",
    [
        (1, 1, 1),
        (1970, 1, 1),
        (1969, 12, 31, 23, 59, 59),
        (2000, 2, 29),
        (2000, 3, 1),
        (1900, 2, 28, 23, 59, 59),
        (1900, 3, 1),
        (2024, 12, 31, 23, 59, 59),
        (9999, 12, 31, 23, 59, 59),
    ],
    ids=str,
)
def test_edges(moment):
    value = tf.constant([seconds(*moment)], tf.int64)
    day = datetime.date(*moment[:3])
    assert calendar.month(value).numpy() == [day.month]
    assert calendar.weekday(value).numpy() == [day.isoweekday()]


@pytest.mark.parametrize("part", [calendar.month, calendar.weekday])
def test_missing(part):
    value = tf.constant([calendar.MISSING, 0], tf.int64)
    assert part(value).numpy()[0] == 0
    assert part(value).numpy()[1] > 0
    assert part(value).dtype == tf.int64
