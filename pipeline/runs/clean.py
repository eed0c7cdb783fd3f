"""Removal of what runs left under an output folder, but for the last ones.

Whatever serving, baseline, warm start and refresh need lies in the pushed versions, which are not
touched. ML Metadata is told first: an artifact marked as deleted is not reused, whatever happens to
its files.
"""

import dataclasses
import os
import pathlib
import urllib.parse
from collections.abc import Iterator

from pipeline.config import output_paths
from pipeline.runs import in_use, metadata_store, records, tensorboard_folder
from pipeline.runs.records import BLESSED, NOT_BLESSED

ENDED = (BLESSED, NOT_BLESSED)


@dataclasses.dataclass(frozen=True)
class Cleaned:
    """What was removed under an output folder, or would be."""

    output: str
    """The folder."""

    kept: list[str]
    """Runs whose artifacts and logs stay."""

    freed: int
    """Bytes of the files."""

    dry_run: bool
    """Whether they are still there."""


def output_folders(runs: pathlib.Path) -> list[pathlib.Path]:
    """Returns the output folders at or right under a folder that hold records of runs."""
    return [each.parent for each in sorted({*runs.glob("records"), *runs.glob("*/records")})]


def data_folders(output: pathlib.Path) -> list[str]:
    """Returns where the data of the runs of an output folder was, each once."""
    return sorted({record.data for record in records.read_all(output)})


def check_is_free(output: pathlib.Path) -> None:
    """Checks that no run is in progress, and that `clean` can open what it writes to.

    Raises:
        ValueError: One is, or it can't.
    """
    if output.is_dir():
        metadata_store.check(output_paths(output)["metadata"])
        with in_use.by_nobody(output):
            pass


def clean(output: pathlib.Path, keep: int, dry_run: bool = False) -> Cleaned:
    """Removes artifacts and logs of all but the last runs that ended.

    Args:
        output: The output folder.
        keep: Number of runs whose artifacts and logs stay; with 0 the trials of `tune` go too.
        dry_run: Whether only to tell what would be freed.

    Raises:
        ValueError: A run is in progress there, or its metadata store can't be used.
    """
    output = output.absolute()
    if not output.is_dir():
        return Cleaned(str(output), [], 0, dry_run)
    paths = output_paths(output)
    ended = [record.run_id for record in records.read_all(output) if record.status in ENDED]
    kept = ended[-keep:] if keep else []
    uris = _uris_of(kept, paths["metadata"])
    held = {_local(uri) for uri in uris}
    held |= {paths["logs"] / f"{run}.log" for run in kept}
    roots = [paths["pipeline_root"], paths["logs"], *([] if keep else [paths["tuning"]])]
    if dry_run:
        doomed = [path for root in roots for path in _files(root, held)]
        return Cleaned(str(output), kept, sum(_size(path) for path in doomed), True)
    with in_use.by_nobody(output):
        _mark_as_deleted(paths["metadata"], uris)
        freed = 0
        for root in roots:
            for path in list(_files(root, held)):
                freed += _size(path)
                path.unlink()
            _remove_empty_folders(root, held)
        tensorboard_folder.remove_dangling(output)
    return Cleaned(str(output), kept, freed, False)


def told(cleaned: Cleaned) -> str:
    """Returns what was removed, for people."""
    kept = f"kept {', '.join(cleaned.kept)}" if cleaned.kept else "kept no run"
    verb = "would be freed" if cleaned.dry_run else "freed"
    return f"{cleaned.output}: {megabytes(cleaned.freed)} {verb} ({cleaned.freed} bytes), {kept}"


def megabytes(size: int) -> str:
    """Returns a number of bytes for people."""
    return f"{size / 1e6:,.1f} MB"


def _uris_of(runs: list[str], metadata: pathlib.Path) -> set[str]:
    """Returns where the artifacts of runs are, reused ones included."""
    if not runs or not metadata.exists():
        return set()
    from pipeline.runs import lineage

    uris = set()
    for run in runs:
        try:
            outputs = lineage.outputs(metadata, run)
        except KeyError:  # its metadata was removed
            continue
        uris |= {artifact.uri for node in outputs.values() for artifact in node.values()}
    return uris


def _mark_as_deleted(metadata: pathlib.Path, kept: set[str]) -> None:
    """Tells ML Metadata that all artifacts are gone but some."""
    if not metadata.exists():
        return
    import ml_metadata
    from ml_metadata.proto import metadata_store_pb2

    store = ml_metadata.MetadataStore(metadata_store.connection(metadata))
    deleted = metadata_store_pb2.Artifact.DELETED
    gone = [
        artifact
        for artifact in store.get_artifacts()
        if artifact.uri not in kept and artifact.state != deleted
    ]
    for artifact in gone:
        artifact.state = deleted
    if gone:
        store.put_artifacts(gone)


def _local(uri: str) -> pathlib.Path:
    return pathlib.Path(urllib.parse.urlsplit(uri).path if uri.startswith("file://") else uri)


def _files(root: pathlib.Path, held: set[pathlib.Path]) -> Iterator[pathlib.Path]:
    """Yields the files under a folder that are not held, nor lie in a folder that is."""
    for folder, names, files in os.walk(root):
        here = pathlib.Path(folder)
        names[:] = [name for name in names if here / name not in held]
        yield from (here / name for name in files if here / name not in held)
        links = [name for name in names if (here / name).is_symlink()]
        yield from (here / name for name in links)


def _remove_empty_folders(root: pathlib.Path, held: set[pathlib.Path]) -> None:
    for folder, _, _ in os.walk(root, topdown=False):
        path = pathlib.Path(folder)
        if path != root and path not in held and not any(path.iterdir()):
            path.rmdir()


def _size(path: pathlib.Path) -> int:
    return path.lstat().st_size
