import concurrent.futures
import os
import signal
import subprocess
import sys
import uuid

import pytest

from components.registry import lock, models_config, placing, versions


def push(base, name, complete=True):
    folder = base / name
    folder.mkdir(parents=True)
    if complete:
        (folder / "saved_model.pb").write_bytes(b"")


def names(base):
    return sorted(path.name for path in base.iterdir() if path.name != placing.LOCK)


def staged(base):
    folder = base / f".incoming-{uuid.uuid4().hex}"
    push(base, folder.name)
    return str(folder)


@pytest.mark.parametrize(
    ("taken", "wanted", "given"),
    [
        ([], 5, 5),
        (["7"], 5, 8),
        (["5"], 5, 6),
        (["0005"], 5, 6),
        ([], 0, 1),
        ([".damaged-9", ".damaged-8-again"], 5, 10),
    ],
    ids=["free", "clock-went-back", "same-second", "leading-zeros", "zero", "set-aside"],
)
def test_versions_only_grow(tmp_path, taken, wanted, given):
    for name in taken:
        push(tmp_path, name)
    assert placing.place(str(tmp_path), staged(tmp_path), wanted) == given
    assert versions.versions(str(tmp_path))[-1] == given


def test_no_number_is_left_above_the_largest(tmp_path):
    push(tmp_path, str(versions.LARGEST_VERSION), complete=False)
    with pytest.raises(ValueError, match="rename that folder"):
        placing.place(str(tmp_path), staged(tmp_path), 5)


def test_two_pushes_at_once_get_two_versions(tmp_path):
    folders = [staged(tmp_path) for _ in range(8)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        given = list(pool.map(lambda folder: placing.place(str(tmp_path), folder, 100), folders))
    assert sorted(given) == list(range(100, 108))
    assert versions.versions(str(tmp_path)) == sorted(given)


def test_a_rename_that_fails_is_no_endless_loop(tmp_path):
    with pytest.raises(OSError):  # whose message is TFX's, and empty
        placing.place(str(tmp_path), str(tmp_path / "missing"), 1)


@pytest.mark.parametrize(
    ("keep", "labels", "left"),
    [
        (2, {}, [3, 4]),
        (9, {}, [1, 2, 3, 4]),
        (0, {}, [4]),
        (1, {"stable": 2}, [2, 4]),
        (1, {"stable": 2, "canary": 3}, [2, 3, 4]),
    ],
    ids=["oldest-go", "few", "served-stays", "stable-stays", "canary-stays"],
)
def test_retire(tmp_path, keep, labels, left):
    base = tmp_path / "movielens"
    for version in (1, 2, 3, 4):
        push(base, str(version))
    if labels:
        models_config.write(str(base), set(labels.values()), labels)
    removed = placing.retire(str(base), keep)
    assert versions.versions(str(base)) == left
    assert sorted([*removed, *left]) == [1, 2, 3, 4]
    assert names(base) == sorted(map(str, left))


@pytest.mark.parametrize("stable", [4, None], ids=["labelled", "unlabelled"])
def test_what_the_server_is_loading_stays(tmp_path, stable):
    base = tmp_path / "movielens"
    for version in (1, 2, 3, 4):
        push(base, str(version))
    models_config.write(str(base), {2, 4}, {"stable": stable} if stable else {})
    assert placing.retire(str(base), 1) == [1, 3]


def test_nothing_is_removed_where_the_configuration_is_unreadable(tmp_path):
    base = tmp_path / "movielens"
    for version in (1, 2):
        push(base, str(version))
    (tmp_path / "models.config").write_text("garbage {")
    assert placing.retire(str(base), 1) == []


def test_a_lost_stable_version_stops_no_push(tmp_path):
    base = tmp_path / "movielens"
    for version in (2, 3, 4):
        push(base, str(version))
    models_config.write(str(base), {1}, {"stable": 1})
    assert placing.retire(str(base), 1) == [2, 3]


def test_what_an_earlier_release_left_is_removed_after_a_day(tmp_path):
    for name in ("old", "young"):
        push(tmp_path, f".incoming-{name}")
    os.utime(tmp_path / ".incoming-old", (0, 0))
    with placing.locked(str(tmp_path), "test"):
        pass
    assert names(tmp_path) == [".incoming-young"]


def test_folder_of_a_push_under_way_stays_and_ends_with_it(tmp_path):
    with placing.incoming(str(tmp_path)) as folder:
        with placing.locked(str(tmp_path), "another"):
            pass
        assert names(tmp_path) == [os.path.basename(folder)]
    assert names(tmp_path) == []


KILLED = """
import os, signal, sys
from components.registry import placing
with placing.incoming(sys.argv[1]) as folder:
    os.mkdir(os.path.join(folder, "5"))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path):
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)])
    assert killed.returncode == -signal.SIGKILL
    (tmp_path / ".removed-ab" / "variables").mkdir(parents=True)
    (tmp_path / ".incoming-ab").mkdir()
    assert len(names(tmp_path)) == 3
    with placing.locked(str(tmp_path), "the next"):
        assert names(tmp_path) == []


def test_without_locks_only_age_tells(tmp_path, monkeypatch):
    for name in (".removed-a", ".incoming-b"):
        push(tmp_path, name)
    push(tmp_path, ".incoming-c")
    os.utime(tmp_path / ".incoming-c", (0, 0))
    assert placing.leftovers(str(tmp_path), exclusive=False) == [str(tmp_path / ".incoming-c")]


def test_another_holder_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(lock.hold.__wrapped__, "__defaults__", (0.1,))
    with (
        placing.locked(str(tmp_path), "a long removal"),
        pytest.raises(TimeoutError, match=rf"process {os.getpid()} on .*a long removal"),
        placing.locked(str(tmp_path), "push"),
    ):
        pass
