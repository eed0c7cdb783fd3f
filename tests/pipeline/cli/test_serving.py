import json
import shutil

import pytest

from components.bundle import manifest
from components.registry import models_config
from pipeline.cli import main
from pipeline.runs.records import RunRecord
from support import signing_keys


@pytest.fixture
def base(tmp_path):
    base = tmp_path / "ml" / "serving" / "movielens"
    for version, hit in ((1, 0.1), (2, 0.2)):
        folder = base / str(version)
        folder.mkdir(parents=True)
        (folder / "saved_model.pb").write_text(str(version))
        told = manifest.Manifest(
            {"run": f"run {version}"},
            {},
            {"items": 9},
            {},
            {},
            files=manifest.checksums(str(folder)),
            push={"at": "2026-01-01T00:00:00+00:00", "metrics": {"hit@10": hit}},
            configuration={"model": {"epochs": version}, "as_of": ""},
        )
        manifest.write(str(folder), told)
    RunRecord("1", "ml", "/data", str(tmp_path / "ml"), "/log", pushed=str(base / "2")).write(
        tmp_path / "ml" / "records"
    )
    return base


def test_list_shows_what_is_served(base, capsys):
    assert main.main(["serving", "list", "--base", str(base)]) == 0
    _, heading, first, second = capsys.readouterr().out.splitlines()
    assert heading.split()[:3] == ["version", "served", "labels"]
    assert first.split() == ["1", "2026-01-01T00:00:00", "9", "0.1000", "run", "1"]
    assert second.split() == ["2", "yes", "2026-01-01T00:00:00", "9", "0.2000", "run", "2"]


def test_folder_is_that_of_the_last_run_unless_named(base, tmp_path, capsys):
    assert main.main(["serving", "list", "--json", "--runs", str(tmp_path)]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["version"], row["served"]) for row in rows] == [(1, False), (2, True)]
    assert rows[0]["manifest"]["counts"] == {"items": 9}


def test_show_tells_all_settings_of_the_served_version_or_of_another(base, capsys):
    show = ["serving", "show", "--base", str(base)]
    assert main.main(show) == 0
    parts = [line.partition("  ") for line in capsys.readouterr().out.splitlines()]
    lines = {name: value.strip() for name, _, value in parts}
    assert lines["configuration.model.epochs"] == "2" and lines["push.metrics.hit@10"] == "0.2"
    assert lines["version"] == str(base / "2")
    assert main.main([*show, "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["configuration"]["model"] == {"epochs": 1}


def test_show_of_a_version_that_is_not_there(base, capsys):
    assert main.main(["serving", "show", "7", "--base", str(base)]) == 1
    assert "No version 7 under" in capsys.readouterr().err


def test_rollback_and_promote(base, capsys):
    assert main.main(["serving", "rollback", "--no-server", "--base", str(base)]) == 0
    assert "stable is version 1" in capsys.readouterr().out
    seen_as = ["--seen-as", "/models/movielens"]
    promote = ["serving", "promote", "2", "--canary", "--no-server", "--base", str(base)]
    assert main.main([*promote, *seen_as]) == 0
    assert models_config.labels(str(base)) == {"stable": 1, "canary": 2}
    assert "/models/movielens" in (base.parent / "models.config").read_text()


def test_copied_runs_leave_the_original_alone(base, tmp_path):
    shutil.copytree(tmp_path / "ml", tmp_path / "copy" / "ml")
    promote = ["serving", "promote", "1", "--no-server", "--runs", str(tmp_path / "copy")]
    assert main.main(promote) == 0
    assert not models_config.labels(str(base))
    copied = tmp_path / "copy" / "ml" / "serving" / "movielens"
    assert models_config.labels(str(copied)) == {"stable": 1}
    assert f'"{copied}"' in (copied.parent / "models.config").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["promote", "3", "--no-server"], "No complete version 3"),
        (["promote", "2", "--server", "localhost"], "A server looks like"),
        (["verify", "3"], "No complete version 3"),
    ],
    ids=["no-version", "no-address", "nothing-to-verify"],
)
def test_what_can_not_be_done_says_so(base, capsys, arguments, message):
    assert main.main(["serving", *arguments, "--base", str(base)]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("action", ["promote", "rollback"])
def test_server_or_none_must_be_said(base, action, capsys):
    version = ["1"] if action == "promote" else []
    assert main.main(["serving", action, *version, "--base", str(base)]) == main.USAGE
    assert "--server --no-server" in capsys.readouterr().err
    both = ["--server", "http://127.0.0.1:8501", "--no-server"]
    assert main.main(["serving", action, *version, "--base", str(base), *both]) == main.USAGE
    assert "not both" in capsys.readouterr().err


def test_verify_names_the_damage_and_fails(base, capsys):
    assert main.main(["serving", "verify", "--base", str(base)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "1: as its manifest says",
        "2: as its manifest says",
    ]
    (base / "1" / "saved_model.pb").write_text("rotten")
    assert main.main(["serving", "verify", "--base", str(base)]) == 1
    bad, good = capsys.readouterr().out.splitlines()
    assert bad.startswith("1: ") and "saved_model.pb was changed" in bad
    assert good == "2: as its manifest says"
    assert main.main(["serving", "verify", "2", "--base", str(base)]) == 0
    assert capsys.readouterr().out.splitlines() == [good]
    assert main.main(["serving", "verify", "--json", "--base", str(base)]) == 1
    found = json.loads(capsys.readouterr().out)
    assert "saved_model.pb was changed" in found["1"][0]
    assert found["2"] == []


def test_list_tells_the_damage_and_repair_mends_it(base, capsys):
    for version in ("1", "2"):
        main.main(["serving", "promote", version, "--no-server", "--base", str(base)])
    shutil.rmtree(base / "2")
    (base / "5").mkdir()
    capsys.readouterr()
    assert main.main(["serving", "list", "--base", str(base)]) == 0
    told = capsys.readouterr()
    assert told.out.splitlines()[2].split()[0] == "1"
    assert "names version 2 as stable: gone" in told.err and "5 is no version" in told.err
    assert main.main(["serving", "verify", "--repair", "--base", str(base)]) == 1
    assert "with --yes it is" in capsys.readouterr().out
    assert models_config.labels(str(base)) == {"stable": 2}
    assert main.main(["serving", "verify", "--repair", "--yes", "--base", str(base)]) == 0
    assert "Version 1 is stable." in capsys.readouterr().out
    assert models_config.labels(str(base)) == {"stable": 1}
    assert main.main(["serving", "verify", "--repair", "--base", str(base)]) == 0
    assert capsys.readouterr().out == "Nothing is damaged.\n"


@pytest.mark.parametrize("text", ["garbage {", None], ids=["configuration", "manifest"])
def test_list_works_where_something_is_unreadable(base, text, capsys):
    path = base.parent / "models.config" if text else base / "2" / manifest.PATH
    path.write_text(text or '{"format": 3}')
    assert main.main(["serving", "list", "--base", str(base)]) == 0
    told = capsys.readouterr()
    assert [line.split()[0] for line in told.out.splitlines()[2:]] == ["1", "2"]
    assert f"  {path} " in told.err
    assert main.main(["serving", "verify", "--base", str(base)]) == int(not text)


@pytest.mark.parametrize("version", ["٣", "007", "1_0", "²", "-1", "+1", str(2**63), ""])
def test_what_is_no_version(base, version, capsys):
    promote = ["serving", "promote", "--no-server", "--base", str(base), "--", version]
    assert main.main(promote) == main.USAGE
    assert f"{version!r} is no version" in capsys.readouterr().err


@pytest.mark.parametrize("more", [["--yes"], ["--repair", "2"], ["--repair", "--json"]])
def test_misuse_of_repair(base, more):
    assert main.main(["serving", "verify", "--base", str(base), *more]) == main.USAGE


def test_no_folder(tmp_path, capsys):
    assert main.main(["serving", "list", "--base", str(tmp_path / "none")]) == 1
    assert "is not a folder" in capsys.readouterr().err
    assert main.main(["serving", "list", "--runs", str(tmp_path)]) == 1
    assert "was pushed yet" in capsys.readouterr().err


def test_only_what_is_signed_is_promoted_and_verified(base, tmp_path, capsys, monkeypatch):
    private, public = signing_keys.write(tmp_path)
    of_base = ["--base", str(base)]

    def serving(*arguments):
        status = main.main(["serving", *arguments, *of_base])
        captured = capsys.readouterr()
        return status, captured.out + captured.err

    for command in (["promote", "2"], ["promote", "2", "--canary"], ["rollback"]):
        status, said = serving(*command, "--no-server", "--key", public)
        assert (status, "nothing was changed: it is not signed" in said) == (1, True)
    assert not models_config.labels(str(base))
    assert serving("sign", "2", "--key", private) == (0, "version 2 is signed\n")
    said = "1: it is not signed\n2: as its manifest says, and signed\n"
    assert serving("verify", "--key", public) == (1, said)
    assert serving("verify")[0] == 0
    monkeypatch.setenv("MOVIELENS_VERIFY_KEY", public)
    assert serving("verify", "2")[0] == 0
    assert serving("promote", "1", "--no-server")[0] == 1
    assert serving("promote", "2", "--no-server")[0] == 0
    assert models_config.labels(str(base)) == {"stable": 2}
    (base / "1" / "saved_model.pb").write_text("rotten")
    status, said = serving("sign", "1", "--key", private)
    assert (status, "is damaged, not signed" in said) == (1, True)
