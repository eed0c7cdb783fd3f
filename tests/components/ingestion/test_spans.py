import datetime

import pytest
from tfx.components.example_gen import input_processor
from tfx.proto import example_gen_pb2, range_config_pb2

from components.ingestion import spans


@pytest.fixture
def write(tmp_path):
    """A function that makes folders with a file in each, and returns the folder above them."""

    def write(*names):
        for name in names:
            (tmp_path / name).mkdir(parents=True)
            (tmp_path / name / "ratings.csv").write_text("")
        return tmp_path

    return write


def days(*date):
    return (datetime.date(*date) - datetime.date(1970, 1, 1)).days


@pytest.mark.parametrize(
    ("folders", "pattern", "span", "expected"),
    [
        (["7", "10", "9"], "{SPAN}", "newest", ("10", 10, None)),
        (["7", "10", "9"], "{SPAN}", "9", ("9", 9, None)),
        (["7", "10"], "{SPAN}/", "newest", ("10", 10, None)),
        (
            ["span-3/ml-1m", "span-4/other"],
            "span-{SPAN}/ml-1m",
            "newest",
            ("span-3/ml-1m", 3, None),
        ),
        (["0007", "0012", "13"], "{SPAN:4}", "newest", ("0012", 12, None)),
        (["0007", "0012"], "{SPAN:4}", "7", ("0007", 7, None)),
        (["0"], "{SPAN}", "newest", ("0", 0, None)),
        (
            ["2026-01-31", "2026-02-01"],
            "{YYYY}-{MM}-{DD}",
            "newest",
            ("2026-02-01", days(2026, 2, 1), None),
        ),
        (
            ["2026/01/31", "2026/02/01"],
            "{YYYY}/{MM}/{DD}",
            "2026-01-31",
            ("2026/01/31", days(2026, 1, 31), None),
        ),
        (
            ["20260131", "20260201"],
            "{YYYY}{MM}{DD}",
            str(days(2026, 1, 31)),
            ("20260131", days(2026, 1, 31), None),
        ),
        (["7/v1", "7/v12", "7/v3", "6/v99"], "{SPAN}/v{VERSION}", "newest", ("7/v12", 7, 12)),
        (["7/v1", "6/v2", "6/v3"], "{SPAN}/v{VERSION}", "6", ("6/v3", 6, 3)),
    ],
    ids=[
        "newest-by-number-not-by-name",
        "one-that-is-asked-for",
        "slash-at-the-end",
        "inside-a-path",
        "width",
        "width-and-asked-for",
        "span-zero",
        "dates",
        "date-asked-for",
        "date-asked-for-by-number",
        "versions",
        "version-of-an-older-span",
    ],
)
def test_finds_what_tfx_finds(write, folders, pattern, span, expected):
    base = write(*folders)
    path, number, version = expected

    assert spans.find(f"{base}/{pattern}", span) == spans.Folder(f"{base}/{path}", number, version)

    ranged = None
    if span != spans.NEWEST:
        static = range_config_pb2.StaticRange(start_span_number=number, end_span_number=number)
        ranged = range_config_pb2.RangeConfig(static_range=static)
    split = example_gen_pb2.Input.Split(name="all", pattern=f"{pattern.rstrip('/')}/*")
    processor = input_processor.FileBasedInputProcessor(str(base), [split], ranged)
    if "13" not in folders:  # where a name does not fit the width TFX gives up
        assert processor.resolve_span_and_version() == (number, version)


def test_a_plain_folder_is_no_span(tmp_path):
    assert spans.find(str(tmp_path)) == spans.Folder(str(tmp_path))
    assert not spans.has_pattern(str(tmp_path))


def test_what_does_not_fit_is_passed_over(write):
    base = write("6", "7", "8.incoming", "9 (copy)", "-10", "backup", "deep/11")
    (base / "12").mkdir()  # empty: its files are still to come
    (base / "13").write_text("a file")
    assert spans.find(f"{base}/{{SPAN}}").span == 7


def test_what_is_no_date_is_passed_over(write):
    base = write("2026-02-28", "2026-02-30", "2026-13-01")
    assert spans.find(f"{base}/{{YYYY}}-{{MM}}-{{DD}}").path == f"{base}/2026-02-28"


def test_other_characters_of_a_path_are_themselves(write):
    base = write("ml+1m (v1.0)/3", "ml+1m (v1x0)/4")
    assert spans.find(f"{base}/ml+1m (v1.0)/{{SPAN}}").span == 3


@pytest.mark.parametrize("name", ["d [2024]", "d [x", "d]", "what?", "star*", "[!a]"])
def test_what_a_glob_would_take_for_a_pattern_is_a_name(write, name):
    base = write(f"{name}/3", "d 2/9", "whatX/9", "starry/9", "b/9")
    assert spans.find(f"{base}/{name}/{{SPAN}}") == spans.Folder(f"{base}/{name}/3", 3)


def test_what_a_glob_would_take_for_a_pattern_is_a_name_after_the_span(write):
    base = write("3/v[1]", "4/v1")
    assert spans.find(f"{base}/{{SPAN}}/v[1]").span == 3


@pytest.mark.parametrize(
    ("folders", "pattern", "span", "message"),
    [
        ([], "{SPAN}", "newest", r"A span of '.*\{SPAN\}' is not there, or empty; there are: none"),
        (["7", "8"], "{SPAN}", "9", r"Span 9 of .* is not there, or empty; there are: 8, 7\."),
        (list("1234567"), "{SPAN}", "9", r"there are: 7, 6, 5, 4, 3 and older ones\."),
        (["7"], "7", "7", r"Span 7 is asked for, but '.*/7' is one folder: write .*/data/\{SPAN\}"),
        (["7"], "{SPAN}", "", "span must be a number, a date such as 2026-01-31, .* got ''"),
        (["7"], "{SPAN}", "seven", "got 'seven'"),
        (["7"], "{SPAN}", "-7", "got '-7'"),
        (["7"], "{SPAN}", "7.0", r"got '7\.0'"),
        (["7"], "{SPAN}", "2026-02-30", "got '2026-02-30'"),
        (["7", "07"], "{SPAN}", "newest", "Span 7 of .* is there twice: .*/07 and .*/7"),
        (["7/1", "7/01"], "{SPAN}/{VERSION}", "newest", "is there twice: .*/7/01 and .*/7/1"),
    ],
    ids=[
        "no-folder",
        "not-that-span",
        "many-others",
        "span-without-a-pattern",
        "empty",
        "a-word",
        "negative",
        "a-fraction",
        "no-date",
        "twice",
        "version-twice",
    ],
)
def test_what_is_not_found_says_what_there_is(write, folders, pattern, span, message):
    base = write(*folders)
    with pytest.raises(ValueError, match=message):
        spans.find(f"{base}/{pattern}", span)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("/data/{span}", r"\{span\} means nothing; a pattern is made of \{SPAN\}"),
        ("/data/{SPAN:0}", r"\{SPAN:0\} means nothing"),
        ("/data/{SPAN:x}", r"\{SPAN:x\} means nothing"),
        ("/data/{}", r"\{\} means nothing"),
        ("/data/{SPAN}/{SPAN}", r"has \{SPAN\} twice"),
        ("/data/{VERSION}", r"has \{VERSION\}, but neither \{SPAN\} nor a date"),
        ("/data/{YYYY}-{MM}", r"a pattern of dates without \{DD\}"),
        ("/data/{SPAN}/{YYYY}-{MM}-{DD}", r"has a date and \{SPAN\}"),
    ],
)
def test_patterns_without_a_meaning(pattern, message):
    with pytest.raises(ValueError, match=message):
        spans.check_pattern(pattern)
    with pytest.raises(ValueError, match=message):
        spans.find(pattern)
