"""`movielens doctor`."""

import json

from pipeline.cli import doctor, main
from pipeline.runs.records import RunRecord


def test_what_is_wrong_decides_the_exit_status(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(doctor, "PORTS", ())
    assert main.main(["doctor", "--runs", str(tmp_path)]) == main.OK
    assert "WRONG" not in capsys.readouterr().out
    output = tmp_path / "ml"
    RunRecord(run_id="a", preset="ml-100k", data=str(tmp_path), output=str(output), log="").write(
        output / "records"
    )
    assert main.main(["doctor", "--runs", str(tmp_path)]) == main.FAILED
    assert f"WRONG  metadata of {output}" in capsys.readouterr().out
    assert main.main(["doctor", "--runs", str(tmp_path), "--json"]) == main.FAILED
    wrong = [each["name"] for each in json.loads(capsys.readouterr().out) if not each["sound"]]
    assert wrong == [f"metadata of {output}"]


def test_damaged_versions_are_told(tmp_path, monkeypatch, capsys, tiny):
    monkeypatch.setattr(doctor, "PORTS", ())
    record = RunRecord(
        run_id="a", preset="ml-100k", data=str(tmp_path), output=str(tmp_path / "ä [1]"), log=""
    )
    record.write(tmp_path / "ä [1]" / "records")
    base = tmp_path / "ä [1]" / "serving" / "movielens"
    assert f"none under {base}" in next(doctor._versions(record)).told
    tiny.save(base / "7")
    assert [each.sound for each in doctor._versions(record)] == [True]
    (base / "8").mkdir()
    assert main.main(["doctor", "--runs", str(tmp_path)]) == main.FAILED
    assert "serving verify --repair" in capsys.readouterr().out
