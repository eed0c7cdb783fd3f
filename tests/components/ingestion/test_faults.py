import json
import pathlib

import numpy as np
import pyarrow as pa

from components.ingestion.faults import EXAMPLES, DataErrors, Faults, Report, cut, data_error
from components.ingestion.readers.shards import Shard

PATH = pathlib.Path("events.csv")
SHARD = Shard(PATH, pa.table({}), (), lambda: np.arange(2, 1000))


def describe(row):
    return str(row), f"price {row} is wrong"


def test_faults_of_one_kind_are_counted_and_the_first_shown():
    faults = Faults()
    faults.add_rows("wrong", SHARD, [4, 5], describe, "Mend it.", about="price")
    faults.add_rows("wrong", SHARD, [7, 8, 9], describe, "Mend it.", about="price")

    (fault,) = faults

    assert fault.count == 5
    assert [example.line for example in fault.examples] == [6, 7, 9]
    assert str(fault) == (
        "events.csv, line 6: price 4 is wrong. Mend it.\n"
        "    also events.csv, line 7: price 5 is wrong.\n"
        "    also events.csv, line 9: price 7 is wrong.\n"
        "    5 in all."
    )


def test_only_the_rows_that_are_shown_are_described():
    described = []
    faults = Faults()

    faults.add_rows(
        "wrong", SHARD, range(900), lambda row: described.append(row) or describe(row), "Mend it."
    )

    assert described == list(range(EXAMPLES))


def test_faults_of_other_columns_or_remedies_are_apart():
    faults = Faults()
    for about, remedy in (("price", "Mend it."), ("brand", "Mend it."), ("price", "Drop it.")):
        faults.add("wrong", PATH, "is wrong", remedy, about=about)

    assert len(list(faults)) == 3


def test_no_rows_are_no_fault():
    faults = Faults()
    faults.add_rows("wrong", SHARD, [], describe, "Mend it.")

    assert not faults


def test_a_warning_is_told_once():
    faults = Faults()
    faults.warn("Look.")
    faults.warn("Look.")

    assert faults.warnings == ["Look."]
    assert not faults


def test_one_error_lists_all_faults():
    faults = Faults()
    faults.add("empty", PATH, "the file is empty", "Write it anew.")
    faults.add("wrong", PATH, "price 'x' is wrong", "Mend it.", line=3, value="x")

    error = DataErrors(tuple(faults))

    assert isinstance(error, ValueError)
    assert str(error) == (
        "events.csv: the file is empty. Write it anew.\n"
        "events.csv, line 3: price 'x' is wrong. Mend it."
    )


def test_a_report_is_for_people_and_for_programs():
    error = data_error("empty", PATH, "the file is empty", "Write it anew.")
    report = Report(
        "shop",
        "csv",
        ("events.csv",),
        {"events": 1200},
        {"by event.keep": 3},
        error.faults,
        ("Hm.",),
    )

    assert not report.ok
    assert report.text() == (
        "shop: csv layout, 1 files\n"
        "  1,200 events\n"
        "  3 events left out: by event.keep\n"
        "Note: Hm.\n"
        "1 faults of 1 kinds:\n"
        "- events.csv: the file is empty. Write it anew."
    )
    content = json.loads(report.to_json())
    assert content["ok"] is False
    assert content["faults"] == [
        {
            "kind": "empty",
            "remedy": "Write it anew.",
            "count": 1,
            "examples": [
                {
                    "file": "events.csv",
                    "problem": "the file is empty",
                    "value": "",
                    "line": None,
                    "unit": "line",
                }
            ],
        }
    ]


def test_long_values_are_cut():
    assert cut("x" * 80) == "x" * 80
    assert cut("x" * 81) == "x" * 80 + "…"
