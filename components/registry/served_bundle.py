"""The bundle that is served, checked against its manifest, with its towers inside."""

from components.bundle import manifest, towers
from components.registry import versions


def find_with_towers(base: str) -> tuple[str, manifest.Manifest]:
    """Returns the path of the bundle that is served, which holds its towers, and its manifest.

    Args:
        base: The folder that TensorFlow Serving watches.

    Raises:
        LookupError: Nothing is served.
        ValueError: The bundle is not what its manifest says, or holds no towers.
    """
    version = versions.served(base)
    if version is None:
        raise LookupError(f"Nothing is served from {base} yet; start with `movielens run`.")
    bundle = versions.folder(base, version)
    problems = manifest.problems(bundle)
    if problems:
        raise ValueError(
            f"Version {version} in {base} is damaged: {'; '.join(problems)}. `movielens serving "
            "promote` serves another one, `movielens run` makes one."
        )
    described = manifest.read(bundle)
    assert described is not None  # a missing one is a problem
    if described.format != manifest.FORMAT:
        raise ValueError(
            f"Version {version} in {base} was made by another revision of the code, for other "
            f"records: its manifest has format {described.format}, not {manifest.FORMAT}. "
            "`movielens run` makes one that fits."
        )
    if towers.PATH not in described.files:
        raise ValueError(
            f"Version {version} in {base} was made before bundles held their towers; `movielens "
            "run` makes one that does."
        )
    return bundle, described
