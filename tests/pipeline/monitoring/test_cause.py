import pytest

from pipeline.monitoring import cause


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("Mend it:\n  a\n\n  b"), "ValueError: Mend it: | a | b"),
        (KeyError(), "KeyError"),
    ],
    ids=["several-lines", "no-message"],
)
def test_one_line(error, line):
    assert cause.on_one_line(error) == line
