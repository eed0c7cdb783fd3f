import gzip
import json
import pathlib
import re

import pyarrow as pa
import pyarrow.parquet
import pytest

from components.ingestion import tables
from components.ingestion.faults import DataErrors
from support import generated_shop as generated
from transform import datasets

NOW = generated.NOW
ITEMS, USERS, EVENTS = generated.rows()
SKU, OTHER_SKU = ITEMS[0]["sku"], ITEMS[1]["sku"]
PERSON = USERS[0]["customer"]
TIME = 1_600_000_000_000


@pytest.fixture
def folder(tmp_path):
    return generated.write_shop(tmp_path / "shop")


def read(folder, definition=None):
    return tables.read(folder, definition or generated.shop(), NOW)


def check(folder, definition=None):
    return tables.check(folder, definition or generated.shop(), NOW)


def write_events(folder, *lines, header="customer,sku,ts,type,stars", end="\n"):
    (folder / "events.csv").write_text("".join(f"{line}{end}" for line in (header, *lines)))


def write_items(folder, *lines, header="sku,product,brand,price,tags,released,image"):
    known = [
        f"{item['sku']},{item['product'].replace(',', '')},b,1,a,2020-01-01,1 2 3" for item in ITEMS
    ]
    (folder / "items.csv").write_text("".join(f"{line}\n" for line in (header, *lines, *known)))


def only(report):
    """The one kind of fault that a report has."""
    assert len(report.faults) == 1, report.text()
    return report.faults[0]


@pytest.mark.parametrize("extension", generated.FORMATS)
def test_reads_the_same_from_every_format(tmp_path, extension):
    found = read(generated.write_shop(tmp_path, extension))

    assert found.items.to_pylist()[1:3] == [
        {
            "item_id": ITEMS[1]["sku"],
            "title": "Shoe no. 1, red",
            "brand": "brand 1",
            "price": 1.5,
            "tags": ["red"],
            "title_words": "Shoe no. 1, red",
            "released": 1577923200,
            "image": [1.0, 0.5, -1.25],
        },
        {
            "item_id": ITEMS[2]["sku"],
            "title": "Shoe no. 2, red",
            "brand": "brand 0",
            "price": 2.5,
            "tags": ["red", "shoe"],
            "title_words": "Shoe no. 2, red",
            "released": 1578009600,
            "image": [2.0, 0.5, -1.25],
        },
    ]
    assert found.users.to_pylist()[0] == {"user_id": PERSON, "country": "DE"}
    assert [row["time"] for row in found.events.to_pylist()] == [
        row["ts"] // 1000 for row in EVENTS
    ]
    assert found.events.column("stars").to_pylist()[:3] == [4.0, None, 5.0]
    assert found.events.column("item_id").to_pylist() == [row["sku"] for row in EVENTS]
    text = pa.dictionary(pa.int32(), pa.string())
    assert found.events.schema.types == [text, text, pa.int64(), text, pa.float32()]
    assert found.items.schema.types == [
        pa.string(),
        pa.string(),
        pa.string(),
        pa.float32(),
        pa.list_(pa.string()),
        pa.string(),
        pa.int64(),
        pa.list_(pa.float32(), 3),
    ]
    assert found.layout == extension.removesuffix(".gz")
    assert [pathlib.Path(path).name for path in found.files] == [
        f"{name}.{extension}" for name in ("items", "users", "events")
    ]


@pytest.mark.parametrize("extension", generated.FORMATS)
def test_reads_folders_of_shards_in_the_order_of_their_names(folder, extension):
    (folder / "events.csv").unlink()
    for name, part in (("part-1", EVENTS[5:]), ("part-0", EVENTS[:5])):
        generated.write(folder / "events", name, part, extension)
    (folder / "events" / f"part-2.{extension}").write_bytes(b"")
    if extension.endswith(".gz"):
        (folder / "events" / f"part-2.{extension}").write_bytes(gzip.compress(b""))
    (folder / "events" / "_SUCCESS").touch()

    found = read(folder)

    assert found.events.column("item_id").to_pylist() == [row["sku"] for row in EVENTS]
    assert found.events.column("type").num_chunks == 1


def test_source_files_are_what_is_read(folder):
    files = tables.source_files(folder, generated.shop())

    assert [path.name for path in files] == ["items.csv", "users.csv", "events.csv"]
    assert [str(path) for path in files] == list(read(folder).files)


@pytest.mark.parametrize(
    ("layout", "names"),
    [("ml-100k", ["u.item", "u.data", "u.user"]), ("csv", ["movies.csv", "ratings.csv"])],
)
def test_source_files_of_a_release(tmp_path, write_checkerboard, layout, names):
    write_checkerboard(tmp_path, layout=layout)

    files = tables.source_files(tmp_path, datasets.load("movielens"))

    assert [path.name for path in files] == names


def test_a_check_of_sound_data_is_fine(folder):
    report = check(folder)

    assert report.ok
    assert report.text().splitlines() == [
        "shop: csv layout, 3 files",
        "   6 items",
        "   4 users",
        "  12 events",
        "   6 rows of items",
        "   4 rows of users",
        "  12 rows of events",
        "Nothing is wrong.",
    ]
    assert json.loads(report.to_json())["counts"]["events"] == 12


GOOD = f"{PERSON},{SKU},{TIME},view,4"


@pytest.mark.parametrize(
    ("line", "kind", "problem", "remedy"),
    [
        (f",{SKU},{TIME},view,4", "missing-id", "customer is empty", "Correct or remove"),
        (f"{PERSON},  ,{TIME},view,4", "missing-id", "sku is empty", "Correct or remove"),
        (f"1.4E+18,{SKU},{TIME},view,4", "excel-id", "'1.4E+18' was cut by a", "as text"),
        (f"{PERSON}\x01,{SKU},{TIME},view,4", "bad-id", "holds a line break or", "Correct"),
        (f"{PERSON},{SKU},,view,4", "missing-value", "ts is empty, but required", "Add the"),
        (f"{PERSON},{SKU},soon,view,4", "not-a-number", "ts 'soon' is not a number", "Correct"),
        (f"{PERSON},{SKU},{TIME // 1000},view,4", "unit", "in seconds it is 2020-09-13", "unit: s"),
        (f"{PERSON},{SKU},{TIME}000,view,4", "unit", "in microseconds it is 2020", "unit: us"),
        (
            f"{PERSON},{SKU},{TIME}000000,view,4",
            "unit",
            "in nanoseconds it is 2020",
            "Divide by 1,",
        ),
        (f"{PERSON},{SKU},2020-09-13T12:00:00Z,view,4", "unit", "is ISO 8601", "unit: iso"),
        (f"{PERSON},{SKU},3900000000000,view,4", "future", "is 2093-08-01, later than", "check"),
        (f"{PERSON},{SKU},-5000,view,4", "too-early", "is 1969-12-31, before 1990", "check `unit`"),
        (f"{PERSON},{SKU},{TIME},view,six", "not-a-number", "stars 'six' is not", "Correct"),
        (f"{PERSON},{SKU},{TIME},view,6", "out-of-range", "stars 6 is not from 1 to 5", "`min`"),
        (f"{PERSON},{SKU},{TIME},view,inf", "out-of-range", "stars inf is not from", "`min`"),
        (f"{PERSON},{SKU},{TIME},view,NULL", "missing-word", "'NULL' is not a", "field empty"),
        (f'{PERSON},{SKU},{TIME},view,"4,5"', "decimal-comma", "'4,5' has a decimal", "';'"),
        (f"{PERSON},{SKU},{TIME},view,4\u00a0", "", "", ""),
        (f"{PERSON},{SKU},1\u00a0600\u202f000,view,4", "no-break-space", "no-break", "without"),
        (f"{PERSON},{SKU},{TIME},view,４", "other-digits", "'４' is written in other", "0 to 9"),
        (f"{PERSON},{SKU},{TIME},view", "column-count", "4 columns instead of 5", "Use ','"),
        (f"{PERSON};{SKU};{TIME};view;4", "column-count", "1 columns instead of 5", "by ';'"),
        (f'{PERSON},{SKU},{TIME},"view"x,4', "quotes", "bad quotes", "quotes around the whole"),
        (f'{PERSON},{SKU},{TIME},"view,4', "quotes", "opened here is never closed", "quotes"),
        (f"{PERSON},no such,{TIME},view,4", "unknown-item", "product no such is not in", "Add"),
        (f"nobody,{SKU},{TIME},view,4", "unknown-user", "user nobody is not in users", "drop"),
    ],
)
def test_names_file_line_value_and_remedy(folder, line, kind, problem, remedy):
    write_events(folder, GOOD, "", line, GOOD)

    report = check(folder)

    if not kind:
        assert report.ok, report.text()
        return
    fault = next(fault for fault in report.faults if fault.kind == kind)
    assert (fault.count, fault.examples[0].line) == (1, 4)
    assert fault.examples[0].file == str(folder / "events.csv")
    assert problem in fault.examples[0].problem
    assert remedy in fault.remedy
    with pytest.raises(DataErrors, match=rf"events\.csv, line 4: .*{re.escape(problem)}"):
        read(folder)


@pytest.mark.parametrize(
    ("line", "kind", "problem"),
    [
        ("9,,b,1,a,2020-01-01,1 2 3", "missing-title", "product is empty: no title"),
        ("9,Hat,b,-1,a,2020-01-01,1 2 3", "out-of-range", "price -1 is not at least 0"),
        ("9,Hat,b,1,a,31.12.2020,1 2 3", "not-a-time", "'31.12.2020' is no ISO 8601 time"),
        ("9,Hat,b,1,a,2020-02-31,1 2 3", "not-a-time", "'2020-02-31' is no ISO 8601 time"),
        ("9,Hat,b,1,a,1577836800,1 2 3", "unit", "a number, not ISO 8601; in seconds it is 2020"),
        ("9,Hat,b,1,a,2020-01-01,1 2", "vector-length", "image has 2 numbers instead of 3"),
        ("9,Hat,b,1,a,2020-01-01,1 2 x", "vector-number", "image '1 2 x' is no vector"),
        ("9,Hat,b,1,a,2020-01-01,1 2 1e99", "vector-number", "no finite number"),
        (f"{OTHER_SKU},Hat,b,1,a,2020-01-01,1 2 3", "duplicate-id", "is already on line 2"),
    ],
)
def test_names_what_is_wrong_with_an_item(folder, line, kind, problem):
    write_items(folder, line)

    fault = only(check(folder))

    assert (fault.kind, fault.count) == (kind, 1)
    assert problem in fault.examples[0].problem
    assert fault.examples[0].line == (4 if kind == "duplicate-id" else 2)


def test_events_later_than_a_stated_moment_are_set_aside_and_counted(folder):
    day, wrong = 86_400_000, 3_900_000_000_000  # the last is in 2093
    write_events(
        folder,
        GOOD,
        f"{PERSON},{OTHER_SKU},{TIME + day},view,4",
        f"{PERSON},{OTHER_SKU},{wrong},view,4",
    )
    moment = TIME // 1000
    report = tables.check(folder, generated.shop(), as_of=moment)
    assert report.ok, report.text()
    assert report.dropped == {"later than 2020-09-13T12:26:40+00:00": 2}
    found = tables.read(folder, generated.shop(), as_of=moment)
    assert (found.events.num_rows, found.set_aside) == (1, 2)
    assert not tables.check(folder, generated.shop()).ok  # of 2093
    none = tables.check(folder, generated.shop(), as_of=moment - 1)
    assert "3 are later than the moment that --as-of states" in none.faults[0].remedy


def test_a_wrong_unit_is_a_fault_and_no_late_event(folder):
    write_events(folder, GOOD, f"{PERSON},{OTHER_SKU},{TIME}000,view,4")
    report = tables.check(folder, generated.shop(), as_of=TIME // 1000)
    assert [fault.kind for fault in report.faults] == ["unit"]


def test_a_long_value_is_cut(folder):
    write_events(folder, f"{PERSON},{SKU},{'9x' * 5000},view,4")

    fault = only(check(folder))

    assert len(str(fault)) < 500
    assert fault.examples[0].value.endswith("…")


def test_all_faults_of_all_files_are_told_at_once(folder):
    write_items(folder, "1,,b,free,a,2020-01-01,1 2 3")
    (folder / "users.csv").write_text(f"customer,country\n{PERSON},IT\n")
    write_events(folder, *[f"{PERSON},{SKU},{TIME},view,6"] * 5, f"{PERSON},x,0,view,1")

    report = check(folder)

    assert not report.ok
    assert [(fault.kind, fault.count) for fault in report.faults] == [
        ("missing-title", 1),
        ("not-a-number", 1),
        ("unlisted-value", 1),
        ("too-early", 1),
        ("out-of-range", 5),
        ("unknown-item", 1),
    ]
    assert [example.line for example in report.faults[4].examples] == [2, 3, 4]
    assert "10 faults of 6 kinds:" in report.text()
    assert "    5 in all." in report.text()
    assert json.loads(report.to_json())["faults"][4]["examples"][2]["line"] == 4


@pytest.mark.parametrize(
    ("encode", "kind", "problem"),
    [
        (lambda text: text.encode("utf-16"), "encoding", "is not UTF-8 but UTF-16"),
        (lambda text: text.encode("utf-16-le"), "encoding", "is not UTF-8 but UTF-16"),
        (lambda text: text.replace("\n", "\r").encode(), "line-ends", "lone carriage return"),
        (lambda text: text.replace("red", "für").encode("latin-1"), "encoding", "broken UTF-8"),
    ],
)
def test_names_a_file_that_is_written_otherwise(folder, encode, kind, problem):
    path = folder / "items.csv"
    path.write_bytes(encode(path.read_text()))

    fault = only(check(folder))

    assert fault.kind == kind
    assert problem in fault.examples[0].problem
    assert fault.examples[0].file == str(path)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (gzip.compress(b"customer,sku,ts,type,stars\n" * 1000)[:-9], "truncated"),
        (b"customer,sku,ts,type,stars\n", "not-gzip"),
    ],
)
def test_names_what_can_not_be_unpacked(folder, content, kind):
    (folder / "events.csv").unlink()
    (folder / "events.csv.gz").write_bytes(content)

    fault = only(check(folder))

    assert (fault.kind, fault.examples[0].file) == (kind, str(folder / "events.csv.gz"))


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "the file is empty"), ("customer,sku,ts,type,stars\n", "no rows in the file")],
)
def test_a_table_without_rows_is_refused(folder, content, message):
    (folder / "events.csv").write_text(content)

    with pytest.raises(DataErrors, match=message):
        read(folder)


def test_a_missing_column_names_those_that_are_there(folder):
    write_events(folder, GOOD, header="customers,sku,ts,type,rating")

    report = check(folder)

    assert [str(fault).partition(": ")[2] for fault in report.faults][:2] == [
        "no column 'customer'; there are customers, sku, ts, type, rating. Rename a column, or "
        "name another in `event.user` of the definition. Did you mean 'customers'?",
        "no column 'stars'; there are customers, sku, ts, type, rating. Rename a column, or "
        "name another in `event.features.stars` of the definition.",
    ]


@pytest.mark.parametrize(
    ("id_in_items", "id_in_events", "problem"),
    [("42", "42.0", "'42.0' is '42' in items.csv"), ("42.0", "42", "'42' is '42.0' in items.csv")],
)
@pytest.mark.parametrize("policy", ["refuse", "drop", "keep"])
def test_ids_that_pandas_made_floats_are_told(folder, id_in_items, id_in_events, problem, policy):
    write_items(folder, f"{id_in_items},Hat,b,1,a,2020-01-01,1 2 3")
    write_events(folder, f"{PERSON},{id_in_events},{TIME},view,4", GOOD)
    definition = generated.shop(**{"  item: sku": f"  item: sku\n  unknown_item: {policy}"})

    fault = only(check(folder, definition))

    assert fault.kind == "float-ids"
    assert problem in fault.examples[0].problem
    assert "Int64" in fault.remedy


def test_leading_zeros_that_a_spreadsheet_cut_are_told(folder):
    write_items(folder, "007,Hat,b,1,a,2020-01-01,1 2 3")
    write_events(folder, f"{PERSON},7,{TIME},view,4", f"{PERSON},007,{TIME},view,4")

    problem = only(check(folder)).examples[0].problem

    assert problem == (
        "product 7 is not in items.csv (but 007 is: did a spreadsheet cut the zeros?), "
        "but has an event"
    )


def test_blanks_around_ids_are_cut_and_told(folder):
    write_events(folder, f"{PERSON},\u00a0{SKU} ,{TIME},view,4")

    report = check(folder)

    assert report.ok
    assert "1 ids in sku have blanks around them, which are cut" in report.warnings[0]
    assert read(folder).events.column("item_id").to_pylist() == [SKU]


def test_an_index_without_a_name_is_told(folder):
    write_events(folder, f"0,{GOOD}", header=",customer,sku,ts,type,stars")

    report = check(folder)

    assert report.ok
    assert "first column has no name and is not read" in report.warnings[0]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_delimiter_is_told_from_the_header(folder, delimiter, end):
    header = delimiter.join(["customer", "sku", "ts", "type", "stars"])
    line = delimiter.join([PERSON, SKU, str(TIME), "view", "4,5"])
    write_events(folder, line, header=f"\ufeff{header}", end=end)

    assert read(folder).events.column("stars").to_pylist() == [4.5]


def test_quotes_may_be_everywhere_and_hold_line_breaks(folder):
    write_items(
        folder, '"9","A hat,\n""red""","b","1,","a","2020-01-01","[1, 2, 3]"'.replace('1,"', '1"')
    )
    write_events(
        folder, f'"{PERSON}","9","{TIME}","view","4"', header='"customer","sku","ts","type","stars"'
    )

    found = read(folder)

    assert found.items.slice(0, 1).to_pylist()[0]["title"] == 'A hat,\n"red"'
    assert found.items.num_rows == 7


def test_a_line_after_quoted_line_breaks_is_named_right(folder):
    write_items(folder, '9,"A\nhat",b,1,a,2020-01-01,1 2 3', "10,Hat,b,x,a,2020-01-01,1 2 3")

    assert only(check(folder)).examples[0].line == 4


def test_what_an_unclosed_quote_swallows_is_told(folder):
    write_items(folder, '9,"A hat,b,1,a,2020-01-01,1 2 3', '10,Hat "x",b,1,a,2020-01-01,1 2 3')

    assert "quotes" in {fault.kind for fault in check(folder).faults}


@pytest.mark.parametrize(
    ("policy", "ids", "dropped"),
    [
        ("drop", [SKU], {"unknown product": 1}),
        ("keep", ["new", SKU], {}),
    ],
)
def test_unknown_items_are_dropped_or_kept(folder, policy, ids, dropped):
    write_events(folder, f"{PERSON},new,{TIME},view,4", GOOD)
    definition = generated.shop(**{"  item: sku": f"  item: sku\n  unknown_item: {policy}"})

    found = read(folder, definition)

    assert found.events.column("item_id").to_pylist() == ids
    assert check(folder, definition).dropped == dropped
    last = found.items.to_pylist()[-1]
    if policy == "keep":
        assert (last["item_id"], last["title"], last["price"], last["tags"], last["image"]) == (
            "new",
            "new",
            None,
            None,
            None,
        )
    else:
        assert found.items.num_rows == len(ITEMS)


@pytest.mark.parametrize(("policy", "users"), [("drop", [PERSON]), ("keep", ["new", PERSON])])
def test_unknown_users_are_dropped_or_kept(folder, policy, users):
    write_events(folder, f"new,{SKU},{TIME},view,4", GOOD)
    definition = generated.shop(**{"  item: sku": f"  item: sku\n  unknown_user: {policy}"})

    found = read(folder, definition)

    assert found.events.column("user_id").to_pylist() == users
    assert found.users.num_rows == len(USERS)


def test_users_may_be_missing_where_they_are_optional(folder):
    (folder / "users.csv").unlink()

    assert only(check(folder)).kind == "no-users"
    optional = generated.shop(**{"  id: customer": "  id: customer\n  optional: true"})
    assert read(folder, optional).users is None


def test_users_that_are_not_defined_are_not_read(folder):
    text = generated.DEFINITION
    start, end = text.index("user:\n  id"), text.index("event:")
    definition = generated.shop(**{text[start:end]: ""})

    found = read(folder, definition)

    assert found.users is None
    assert [path.name for path in tables.source_files(folder, definition)] == [
        "items.csv",
        "events.csv",
    ]
    assert "not read, as the definition has no `user`" in check(folder, definition).warnings[0]


@pytest.mark.parametrize(
    ("keep", "kept"),
    [
        ("{type: [purchase]}", [1, 4, 7, 10]),
        ('{stars: ">= 5"}', [2, 5, 8, 11]),
        ('{stars: "!= 5"}', [0, 3, 6, 9]),
        ('{type: [view], stars: "< 5"}', [0, 3, 6, 9]),
    ],
)
def test_conditions_choose_events(folder, keep, kept):
    definition = generated.shop(**{"  item: sku": f"  item: sku\n  keep: {keep}"})

    found = read(folder, definition)

    assert found.events.column("time").to_pylist() == [EVENTS[row]["ts"] // 1000 for row in kept]
    assert check(folder, definition).dropped == {"by event.keep": len(EVENTS) - len(kept)}


def test_data_of_which_nothing_is_kept_is_refused(folder):
    definition = generated.shop(**{"  item: sku": "  item: sku\n  keep: {type: [rent]}"})

    assert only(check(folder, definition)).kind == "no-events"


def test_repeats_are_refused_only_if_so_defined_and_kept(folder):
    refuse = generated.shop(**{"  item: sku": "  item: sku\n  repeats: refuse"})
    views = generated.shop(
        **{"  item: sku": "  item: sku\n  repeats: refuse\n  keep: {type: [purchase]}"}
    )

    assert read(folder).events.num_rows == len(EVENTS)
    assert read(folder, views).events.num_rows == 4
    fault = only(check(folder, refuse))
    assert (fault.kind, fault.count, fault.examples[0].line) == ("repeat", 4, 3)
    assert fault.examples[0].problem == (
        f"user {PERSON} already has an event with product {SKU} on line 2"
    )
    assert "repeats: keep" in fault.remedy


def test_a_repeat_in_another_shard_names_both_files(folder):
    (folder / "events.csv").unlink()
    for name in ("a", "b"):
        generated.write(folder / "events", name, EVENTS[:1], "csv")
    definition = generated.shop(**{"  item: sku": "  item: sku\n  repeats: refuse"})

    example = only(check(folder, definition)).examples[0]

    assert (example.file, example.line) == (str(folder / "events" / "b.csv"), 2)
    assert example.problem.endswith(f"on line 2 of {folder / 'events' / 'a.csv'}")


@pytest.mark.parametrize("value", ["0", "-1", "", "nan", "1e99"])
def test_a_weight_is_a_number_above_0(folder, value):
    write_events(folder, f"{GOOD},2.5", f"{GOOD},{value}", header="customer,sku,ts,type,stars,w")
    definition = generated.shop(**{"  item: sku": "  item: sku\n  weight: w"})

    kinds = {fault.kind for fault in check(folder, definition).faults}

    assert "weight" in kinds
    write_events(folder, f"{GOOD},2.5", header="customer,sku,ts,type,stars,w")
    assert read(folder, definition).events.column("weight").to_pylist() == [2.5]


@pytest.mark.parametrize(
    ("column", "values", "kept"),
    [
        ("sku", pa.array([7, 8], pa.int32()), ["7", "8"]),
        ("sku", pa.array([2**62, 5], pa.int64()), [str(2**62), "5"]),
        ("sku", pa.array(["007", "8"]).dictionary_encode(), ["007", "8"]),
        ("sku", pa.array(["007", "8"], pa.large_string()), ["007", "8"]),
        ("ts", pa.array([TIME, TIME + 999], pa.int64()), [1_600_000_000] * 2),
        ("ts", pa.array([TIME, TIME + 1000], pa.timestamp("ms")), [1_600_000_000, 1_600_000_001]),
        ("ts", pa.array([float(TIME), TIME], pa.float64()), [1_600_000_000] * 2),
        ("stars", pa.array([1.5, float("nan")], pa.float64()), [1.5, None]),
        ("stars", pa.array([4, None], pa.int8()), [4.0, None]),
        ("type", pa.array([True, None]), ["true", None]),
    ],
)
def test_types_that_parquet_may_have(folder, column, values, kept):
    (folder / "events.csv").unlink()
    raw = {
        "customer": [PERSON] * 2,
        "sku": [SKU] * 2,
        "ts": [TIME] * 2,
        "type": ["a", "b"],
        "stars": [1, 2],
        column: values,
    }
    pyarrow.parquet.write_table(pa.table(raw), folder / "events.parquet")
    definition = generated.shop(**{"  item: sku": "  item: sku\n  unknown_item: keep"})

    events = read(folder, definition).events

    name = {"sku": "item_id", "ts": "time"}.get(column, column)
    assert events.column(name).to_pylist() == kept


@pytest.mark.parametrize(
    ("column", "values", "problem"),
    [
        ("sku", pa.array([7.0, 8.0]), "column sku is of type double, but event.item needs ids"),
        ("stars", pa.array([[1], [2]]), "event.features.stars needs numbers"),
        ("ts", pa.array([True, False]), "event.time needs whole numbers"),
        ("type", pa.array([[1], [2]]), "event.features.type needs text"),
    ],
)
def test_a_wrong_type_of_parquet_is_named(folder, column, values, problem):
    (folder / "events.csv").unlink()
    raw = {
        "customer": [PERSON] * 2,
        "sku": [SKU] * 2,
        "ts": [TIME] * 2,
        "type": ["a", "b"],
        "stars": [1, 2],
        column: values,
    }
    pyarrow.parquet.write_table(pa.table(raw), folder / "events.parquet")

    fault = next(fault for fault in check(folder).faults if fault.kind == "column-type")

    assert problem in fault.examples[0].problem
    assert fault.examples[0].file.endswith("events.parquet")


def test_a_row_of_parquet_is_named(folder):
    (folder / "events.csv").unlink()
    generated.write(folder, "events", [*EVENTS, {**EVENTS[0], "stars": 9}], "parquet")

    example = only(check(folder)).examples[0]

    assert (example.unit, example.line) == ("row", 13)
    assert "events.parquet, row 13: stars 9 is not from 1 to 5" in str(example)


def test_a_file_that_is_no_parquet_is_named(folder):
    (folder / "events.csv").rename(folder / "events.parquet")

    assert only(check(folder)).kind == "not-parquet"


@pytest.mark.parametrize(
    ("line", "kind", "problem"),
    [
        ('{"customer": "x"', "not-json", "not JSON: Expecting"),
        ("[1, 2]", "not-json", "'[1, 2]' is no object"),
        (json.dumps({**EVENTS[0], "stars": "many"}), "not-a-number", "stars 'many' is not"),
        (json.dumps({**EVENTS[0], "stars": 7}), "out-of-range", "stars 7"),
        (json.dumps({**EVENTS[0], "sku": None}), "missing-id", "sku is empty"),
    ],
)
def test_a_line_of_json_is_named(folder, line, kind, problem):
    (folder / "events.csv").unlink()
    path = generated.write(folder, "events", EVENTS[:2], "jsonl")
    path.write_text(path.read_text() + "\n" + line + "\n")

    fault = next(fault for fault in check(folder).faults if fault.kind == kind)

    assert (fault.count, fault.examples[0].line) == (1, 4)
    assert problem in fault.examples[0].problem


def test_ids_of_json_may_be_numbers_and_texts(folder):
    (folder / "events.csv").unlink()
    rows = [{**EVENTS[0], "sku": 7}, {**EVENTS[0], "sku": "007"}, {**EVENTS[0], "sku": 2**60}]
    generated.write(folder, "events", rows, "jsonl")
    definition = generated.shop(**{"  item: sku": "  item: sku\n  unknown_item: keep"})

    ids = read(folder, definition).events.column("item_id").to_pylist()

    assert ids == ["7", "007", str(2**60)]


def test_a_check_never_raises_for_a_folder_that_is_not_there(tmp_path):
    report = check(tmp_path / "nowhere")

    assert not report.ok
    assert "no such folder" in report.text()


def test_a_line_of_blanks_is_no_row_and_counts_as_a_line(folder):
    write_events(folder, GOOD, "   ", f"{PERSON},{SKU},{TIME},view,6")

    assert only(check(folder)).examples[0].line == 4


def test_a_broken_row_in_another_encoding_is_named(folder, capfd):
    path = folder / "events.csv"
    path.write_bytes(path.read_bytes() + b"caf\xe9\n")

    assert [fault.kind for fault in check(folder).faults] == ["encoding", "column-count"]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("extension", generated.FORMATS)
def test_a_file_that_is_gone_when_it_is_read_is_named(tmp_path, extension):
    folder = generated.write_shop(tmp_path, extension)
    path = folder / f"events.{extension}"
    path.unlink()
    path.symlink_to(tmp_path / "nowhere")
    fault = only(check(folder))
    assert fault.kind == "unreadable"
    assert str(fault).startswith(f"{path}: can't be read: No such file or directory. Give whoever")


def test_a_folder_that_may_not_be_looked_into_is_named(folder, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(pathlib.Path, "iterdir", refuse)
    fault = only(check(folder))
    assert str(fault).startswith(f"{folder}: can't be read: Permission denied. Give whoever")


def test_users_of_one_moment_are_counted(folder):
    write_events(
        folder,
        *(f"{PERSON},{sku},{TIME},view,4" for sku in (SKU, OTHER_SKU)),
        *(f"{USERS[1]['customer']},{SKU},{TIME + 5000 * step},view,4" for step in range(2)),
        f"{USERS[2]['customer']},{SKU},{TIME},view,4",
    )
    assert check(folder).warnings == (
        "1 of 2 users with several events have all of them at the same second: their order is "
        "that of the files.",
    )


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("[" * 5000, "is nested too deeply"),
        (r'{"sku": "\ud83d"}', r"has half a character, such as \ud83d"),
    ],
    ids=["deep", "half-of-a-pair"],
)
def test_json_that_python_can_not_hold_is_named(tmp_path, line, problem):
    folder = generated.write_shop(tmp_path, "jsonl")
    with (folder / "items.jsonl").open("a") as file:
        file.write(f"{line}\n")
    fault = next(fault for fault in check(folder).faults if fault.kind == "not-json")
    assert problem in str(fault) and f"line {len(ITEMS) + 1}" in str(fault)


def test_long_ids_are_cut_in_messages(folder):
    write_events(folder, f"{'x' * 5000},{'y' * 5000},{TIME},view,4")
    assert all(len(str(fault)) < 500 for fault in check(folder).faults)


def test_a_lone_carriage_return_ends_a_line_in_messages_too(folder):
    write_events(
        folder, f"{PERSON},{SKU},{TIME},view,4\r{PERSON},{SKU},{TIME},view,4", "a,b,1,view,9"
    )
    assert {fault.examples[0].line for fault in check(folder).faults} == {4}


def test_a_text_of_parquet_that_is_no_utf_8_is_named(tmp_path):
    folder = generated.write_shop(tmp_path, "parquet")
    path = folder / "events.parquet"
    path.write_bytes(path.read_bytes().replace(PERSON.encode(), b"\xff" + PERSON.encode()[1:]))
    fault = only(check(folder))
    assert fault.kind == "not-parquet" and str(path) in str(fault)


def test_json_is_never_taken_for_utf_16(tmp_path):
    folder = generated.write_shop(tmp_path, "jsonl")
    path = folder / "items.jsonl"
    path.write_bytes(path.read_bytes() + b'{\x00"\x00}\n')
    fault = next(fault for fault in check(folder).faults if fault.kind == "not-json")
    assert f"line {len(ITEMS) + 1}" in str(fault)
