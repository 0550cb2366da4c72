"""Two builds in different surroundings give the same bytes."""

import pytest

from builds import ROOT, make_packages
from machine import call

# A place and habits that differ in all that a build may notice. scripts/package takes no object
# from ccache that was compiled in another folder, so that all of these were compiled here.
ELSEWHERE = {
    "OSPROXY_PACKAGE_WORK": str(ROOT / "build" / "package-elsewhere" / "of-another-length"),
    "TZ": "Asia/Kathmandu",
    "LC_ALL": "C",
    "HOME": "/nonexistent",
}


@pytest.fixture(scope="session")
def built_elsewhere(packages, tmp_path_factory):
    cache = call("ccache", "--get-config", "cache_dir").stdout.strip()
    folder = tmp_path_factory.mktemp("elsewhere")
    return make_packages(folder, umask=0o077, CCACHE_DIR=cache, **ELSEWHERE)


def test_two_builds_give_the_same_bytes(packages, built_elsewhere):
    def bytes_of(folder):
        files = [*folder.glob("*.deb"), *folder.glob("*.spdx.json"), folder / "SHA256SUMS"]
        return {file.name: file.read_bytes() for file in files}

    here, there = bytes_of(packages), bytes_of(built_elsewhere)
    assert len(here) == 5
    assert here.keys() == there.keys()
    assert [name for name, content in here.items() if there[name] != content] == []
