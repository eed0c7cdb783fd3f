import pytest

from pipeline.datasets import releases
from support.tiny_release import hashes


@pytest.mark.parametrize("name", ["../u.data", "/etc/u.data", "a/b", "..", ""])
def test_release_may_only_hold_plain_file_names(world, name):
    with pytest.raises(ValueError, match="plain file names"):
        world.release(files={name: hashes(b"")})


@pytest.mark.parametrize("release", releases.RELEASES.values(), ids=releases.RELEASES)
def test_every_hash_is_pinned_in_full(release):
    pinned = [release.zip_hashes, *release.files.values()]
    if release.wheel:
        pinned += release.wheel.files.values()
        assert all(len(member.sha256) == 64 for member in release.wheel.members)
    assert all((len(pin.md5), len(pin.sha256)) == (32, 64) for pin in pinned)
