import pytest

from transform.conditions import OPERATORS, parse_comparison


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (">= 4", (">=", 4.0)),
        ("<=-1.5", ("<=", -1.5)),
        ("  > +2 ", (">", 2.0)),
        ("<0", ("<", 0.0)),
        ("== 3.25", ("==", 3.25)),
        ("!= 0", ("!=", 0.0)),
    ],
)
def test_comparisons(text, expected):
    assert parse_comparison(text) == expected


@pytest.mark.parametrize(
    "text", ["", "4", ">=", "=> 4", ">= four", ">= 4 5", ">= nan", "= 4", ">= ٤"]
)
def test_what_is_no_comparison(text):
    with pytest.raises(ValueError, match='expected a comparison such as ">= 4", got'):
        parse_comparison(text)


@pytest.mark.parametrize(
    ("symbol", "below", "same", "above"),
    [
        (">=", False, True, True),
        ("<=", True, True, False),
        (">", False, False, True),
        ("<", True, False, False),
        ("==", False, True, False),
        ("!=", True, False, True),
    ],
)
def test_operators(symbol, below, same, above):
    assert [OPERATORS[symbol](value, 4.0) for value in (3.0, 4.0, 5.0)] == [below, same, above]
