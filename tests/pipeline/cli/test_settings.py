import json

from pipeline.cli import main
from pipeline.config import Settings
from pipeline.settings import fields


def shown(capsys, *arguments):
    assert main.main(["settings", *arguments]) == main.OK
    return capsys.readouterr().out


def rows(capsys, *arguments):
    return {row["name"]: row for row in json.loads(shown(capsys, "--json", *arguments))}


def test_every_setting_with_type_default_and_meaning(capsys):
    assert list(rows(capsys)) == list(fields.of(Settings))
    assert rows(capsys)["serving.trend.days"] == {
        "name": "serving.trend.days",
        "kind": "integer",
        "allowed": "an integer >= 1",
        "default": 30,
        "meaning": "Days before the latest event that count as recent.",
        "optional": False,
        "value": 30,
    }
    text = shown(capsys)
    assert "model.dropout=0.3  (a number in [0, 1))\n    Dropout of the query vector in" in text
    assert "split.eval_cut=none  (an integer or none)" in text
    assert "by default" not in text.replace("by default, ", "")


def test_values_of_a_preset(capsys):
    found = rows(capsys, "--preset", "ml-1m")
    assert (found["model.window"]["value"], found["model.window"]["default"]) == (200, 50)
    assert "model.window=200  (an integer >= 1, by default 50)" in shown(
        capsys, "--preset", "ml-1m"
    )


def test_values_of_a_file_whose_preset_gives_way_to_the_option(tmp_path, capsys):
    file = tmp_path / "run.yaml"
    file.write_text("preset: ml-1m\nmodel: {epochs: 7}\n")
    found = rows(capsys, "--config", str(file))
    assert (found["model.epochs"]["value"], found["model.blocks"]["value"]) == (7, 2)
    found = rows(capsys, "--config", str(file), "--preset", "ml-100k")
    assert (found["model.epochs"]["value"], found["model.blocks"]["value"]) == (7, 1)
