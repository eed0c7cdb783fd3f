"""Forgetting of users: every version that holds one is replaced by a version without them.

The files of a version never change, since a server may have loaded it. So a new version is written
beside the old one, labels and history move to it as in a promotion, and then the old one is
removed. Whenever this is interrupted both are complete, and the manifest of the new one says which
it replaces: calling it again finishes.
"""

import dataclasses
import datetime
import os
from collections.abc import Callable, Collection

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from components.bundle import manifest
from components.erasure import bundle as erasure
from components.registry import models_config, placing, signature
from components.registry import versions as registry
from pipeline.rollout import promotion
from pipeline.rollout.model_server import ModelServer

REWRITTEN, REPLACES = "rewritten", "replaces"  # in the facts of the push, of the manifest


@dataclasses.dataclass(frozen=True)
class Forgotten:
    """What was done."""

    found: dict[str, list[int]]
    """By user, the versions that held them; none where nothing was left of them."""

    replaced: dict[int, int]
    """By version that is gone, the one in its place."""

    removed: list[int]
    """Versions that are gone without another in their place."""


def forget(
    base: str,
    users: Collection[str],
    server: ModelServer | None,
    say: Callable[[str], None],
    seen_as: str | None = None,
    key: Ed25519PrivateKey | None = None,
) -> Forgotten:
    """Replaces every version under a folder that holds one of the users.

    A version gets the next number, so that the order of versions stays, and with it which is the
    newest. One that nobody is served is removed if that number is taken, or if it can't be
    rewritten.

    Args:
        base: Folder of the versions, which TensorFlow Serving watches.
        users: Ids.
        server: Running server, as for `promotion.promote`.
        say: Called with a line about each step.
        seen_as: Path of `base` as the server sees it; by default `base` itself.
        key: Key that the new versions are signed with; by default they are not signed.

    Raises:
        ValueError: A version that is served is damaged or too old to be rewritten, so nothing was
            changed; or the server did not follow, and the old versions are still there; or only
            later code can read a version.
        TimeoutError: A promotion goes on.
    """
    ids = {user.encode() for user in users}
    with promotion.rollout(base, "forgetting of users"):
        there = registry.versions(base)
        successors = _successors(base, there)
        held = {
            version: _held(base, version, ids) for version in there if version not in successors
        }
        served = {registry.served(base), *registry.labels(base).values()}
        served |= set(models_config.loaded(base))
        removed = [version for version, found in held.items() if found is None]
        _check_none_is_served(base, served & set(removed))
        for version in removed:
            say(f"version {version} can't be read by this code, and nobody is served it: removed")
        for version, found in held.items():
            if not found:
                continue
            was_signed = signature.is_signed(registry.folder(base, version))
            new = _rewrite(base, version, ids, version in served, key)
            if new is None:
                removed.append(version)
            else:
                successors[version] = new
            say(f"version {version} {f'becomes {new}' if new is not None else 'is removed'}")
            if new is not None and was_signed and not key:
                say(f"version {new} is not signed: `movielens serving sign {new} --key FILE`")
        final = {version: _last(version, successors) for version in successors}
        promotion.move_to_successors(base, final, server, say, seen_as)
        with placing.locked(base, "removal of versions that hold forgotten users"):
            for version in (*successors, *removed):
                placing.remove(base, registry.folder(base, version))
    found_in = {
        user: [version for version, found in held.items() if found and user.encode() in found]
        for user in users
    }
    return Forgotten(found_in, final, removed)


def _successors(base: str, there: list[int]) -> dict[int, int]:
    """Returns the version that replaces another which is still there, as after an interruption."""
    successors = {}
    for version in there:
        described = _described(base, version)
        replaced = described.push.get(REWRITTEN, {}).get(REPLACES) if described else None
        if replaced in there:
            successors[replaced] = version
    return successors


def _last(version: int, successors: dict[int, int]) -> int:
    while version in successors:
        version = successors[version]
    return version


def _held(base: str, version: int, ids: set[bytes]) -> set[bytes] | None:
    """Returns the users that a version holds; None if it can't be told, or not be rewritten."""
    described = _described(base, version)
    if described is None or described.format != manifest.FORMAT:
        return None
    path = registry.folder(base, version)
    return None if manifest.problems(path) else erasure.held(path, ids)


def _described(base: str, version: int) -> manifest.Manifest | None:
    """Returns the manifest of a version; None if it has none that can be read.

    Raises:
        manifest.Newer: Only later code can read it, so it must not be taken for damaged.
    """
    try:
        return manifest.read(registry.folder(base, version))
    except manifest.Newer:
        raise
    except ValueError:  # `serving verify` tells of it
        return None


def _check_none_is_served(base: str, versions: set[int | None]) -> None:
    """Checks that every version that is served can be rewritten.

    Raises:
        ValueError: One can't be.
    """
    for version in versions:
        raise ValueError(
            f"Version {version} under {base} is served, and is damaged or from an earlier release: "
            "nobody can be erased from it, and nothing was changed. `movielens serving promote` "
            "another version, or `movielens run` a new one; then forget again."
        )


def _rewrite(
    base: str, version: int, ids: set[bytes], is_served: bool, key: Ed25519PrivateKey | None
) -> int | None:
    """Writes a version without some users, and returns its number; None if there is none for it.

    Args:
        base: Folder of the versions.
        version: The version that holds them.
        ids: Ids of the users.
        is_served: Whether it must be replaced, by a higher number if the next one is taken.
        key: Key to sign with, if any.
    """
    with placing.incoming(base) as incoming:
        staged = os.path.join(incoming, str(version))
        erasure.erase(registry.folder(base, version), staged, ids)
        described = manifest.read(staged)
        assert described is not None  # it was just written
        now = datetime.datetime.now(datetime.timezone.utc).isoformat("T", "seconds")
        push = {**described.push, REWRITTEN: {"at": now, REPLACES: version}}
        manifest.write(staged, dataclasses.replace(described, push=push))
        if key:
            signature.sign(staged, key)
        with placing.locked(base, "version without forgotten users"):
            number = placing.place_after(base, staged, version)
            if number is None and is_served:
                number = placing.place(base, staged, version)
            return number
