"""Data of one's own, through the command line: init, check, and what is misuse."""

import json

import pytest

from pipeline.cli import main
from support.generated_shop import DEFINITION, rows, write, write_shop
from transform import definition_files


@pytest.fixture
def folder(tmp_path):
    """A folder of the shop's files, without a definition."""
    return write_shop(tmp_path / "shop")


@pytest.fixture
def broken(folder):
    """One with a definition and a fault in each table."""
    items, users, events = rows()
    items[1]["price"] = -1
    users[2]["country"] = "XX"
    events[0]["sku"], events[1]["ts"] = "no such", "yesterday"
    for name, content in (("items", items), ("users", users), ("events", events)):
        write(folder, name, content, "csv")
    (folder / "definition.yaml").write_text(DEFINITION)
    return folder


def define(folder, old="", new=""):
    """Writes the shop's definition beside the data, a text of it replaced."""
    assert old in DEFINITION
    (folder / "definition.yaml").write_text(DEFINITION.replace(old, new))


def test_what_init_writes_is_a_definition_that_check_takes(folder, capsys):
    assert main.main(["init", str(folder)]) == main.OK
    said = capsys.readouterr().out
    written = folder / "definition.yaml"
    assert written.read_text() in said and f"movielens check --data {folder}" in said
    found = definition_files.load(written)
    assert (found.item.id, found.event.user, found.event.item) == ("sku", "customer", "sku")
    assert main.main(["check", "--data", str(folder)]) == main.OK
    assert "Nothing is wrong." in capsys.readouterr().out


def test_init_overwrites_nothing(folder, capsys):
    define(folder)
    assert main.main(["init", str(folder)]) == main.FAILED
    assert "is there already; remove it, or name another with --out" in capsys.readouterr().err
    assert (folder / "definition.yaml").read_text() == DEFINITION
    other = folder.parent / "other.yaml"
    assert main.main(["init", str(folder), "--out", str(other)]) == main.OK
    assert definition_files.load(other).event.user == "customer"


def test_check_tells_all_faults_at_once(broken, capsys):
    assert main.main(["check", "--data", str(broken)]) == main.FAILED
    said = capsys.readouterr().out
    for part in (
        "items.csv, line 3: price -1 is not at least 0",
        "users.csv, line 4: country 'XX' is not one of DE, FR, US",
        "events.csv, line 2: product no such is not in items.csv",
        "events.csv, line 3: ts 'yesterday' is not a number",
    ):
        assert part in said
    assert "4 faults of 4 kinds" in said


def test_check_tells_programs_the_same(broken, capsys):
    assert main.main(["check", "--data", str(broken), "--json"]) == main.FAILED
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is False
    assert [fault["count"] for fault in told["faults"]] == [1, 1, 1, 1]
    assert all(fault["remedy"] and fault["examples"] for fault in told["faults"])


def test_check_of_a_release_needs_no_definition(tmp_path, write_checkerboard, capsys):
    data = write_checkerboard(tmp_path, users=6, movies=12)
    assert main.main(["check", "--data", str(data)]) == main.OK
    assert "movielens: ml-100k layout, 3 files" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["check", "run", "tune", "refresh"])
@pytest.mark.parametrize("named", [False, True], ids=["beside-the-data", "named"])
def test_wrong_definition_is_misuse_with_file_line_and_remedy(folder, command, named, capsys):
    define(folder, "kind: category}", "kind: kategory}")
    file = folder / "definition.yaml"
    option = ["--definition", str(file)] if named else []
    assert main.main([command, "--data", str(folder), *option]) == main.USAGE
    said = capsys.readouterr().err
    assert f"{file}, line 8: item.features.brand" in said
    assert "got 'kategory'" in said and "Did you mean 'category'" in said


@pytest.mark.parametrize("command", ["run", "tune"])
def test_own_data_must_be_named(folder, tmp_path, command, capsys):
    define(folder)
    arguments = ["--definition", str(folder / "definition.yaml"), "--output", str(tmp_path / "out")]
    assert main.main([command, *arguments]) == main.USAGE
    assert "Say where the data of 'shop' is: --data FOLDER." in capsys.readouterr().err


def test_preset_of_own_data_fetches_nothing(tmp_path, capsys):
    arguments = ["--preset", "catalogue", "--output", str(tmp_path / "out")]
    assert main.main(["run", *arguments]) == main.USAGE
    assert "--data FOLDER" in capsys.readouterr().err


def test_definition_of_a_file_of_settings_counts(folder, tmp_path, capsys):
    define(folder, "name: shop", "name: from_a_file")
    file = tmp_path / "run.yaml"
    file.write_text(f"definition: {folder / 'definition.yaml'}\noutput: {tmp_path / 'out'}\n")
    assert main.main(["run", "--config", str(file)]) == main.USAGE
    assert "the data of 'from_a_file'" in capsys.readouterr().err
