import pathlib
import shutil

from pipeline.runs import tensorboard_folder


def write_logs(folder: pathlib.Path):
    (folder / "train").mkdir(parents=True)
    (folder / "train" / "events.out.tfevents.1").write_text("loss")
    return folder


def test_a_training_has_the_name_of_its_run_also_where_the_folder_is_moved(tmp_path):
    logs = write_logs(tmp_path / "ml" / "artifacts" / "TwoTowerTrainer" / "model_run" / "13")
    for _ in range(2):  # a later run reuses the training
        tensorboard_folder.add(tmp_path / "ml", "2026-01-31T03-00-00Z", logs)
    shutil.move(tmp_path / "ml", tmp_path / "moved")
    (link,) = (tmp_path / "moved" / "tensorboard").iterdir()
    assert link.name == "2026-01-31T03-00-00Z"
    assert (link / "train" / "events.out.tfevents.1").read_text() == "loss"


def test_links_to_what_was_cleaned_go(tmp_path):
    kept, gone = (write_logs(tmp_path / "artifacts" / name) for name in ("1", "2"))
    for logs in (kept, gone):
        tensorboard_folder.add(tmp_path, logs.name, logs)
    shutil.rmtree(gone)
    tensorboard_folder.remove_dangling(tmp_path)
    assert [link.name for link in (tmp_path / "tensorboard").iterdir()] == ["1"]
    tensorboard_folder.remove_dangling(tmp_path / "none")


def test_without_links_a_run_goes_on(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError("no links here")

    monkeypatch.setattr(pathlib.Path, "symlink_to", refuse)
    tensorboard_folder.add(tmp_path, "a", tmp_path / "logs")
