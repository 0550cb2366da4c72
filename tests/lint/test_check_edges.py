"""cmake/check_edges.cmake on a small tree: each kind of forbidden include stops the build."""

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "cmake" / "check_edges.cmake"

# The module `top` may use `base`. Its folders, the lowest first: `low` uses none, `mid` uses `low`.
LAYERED = "low:,mid: low"
# In `upside`, the folder is above the headers beside it.
UPSIDE = "shards: ."


@pytest.fixture
def check(tmp_path):
    """Runs the check on a module `top` in which `path` includes `header`."""

    def run(path: str, header: str, folders: str = LAYERED) -> subprocess.CompletedProcess:
        file = tmp_path / "top" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f'#include <vector>\n#include "osproxy/{header}"\n')
        return subprocess.run(
            ["cmake", f"-DDIR={tmp_path / 'top'}", "-DMODULE=top", "-DALLOWED=top,base",
             f"-DFOLDERS={folders}", f"-DSTAMP={tmp_path / 'stamp'}", "-P", SCRIPT],
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


@pytest.mark.parametrize(
    ("path", "header", "folders"),
    [
        ("server.cc", "base/clock.h", LAYERED),
        ("server.cc", "top/server.h", LAYERED),
        ("server.h", "top/low/buffer.h", LAYERED),
        ("mid/reader.h", "top/low/buffer.h", LAYERED),
        ("mid/reader.cc", "top/mid/reader.h", LAYERED),
        ("mid/reader.cc", "base/clock.h", LAYERED),
        ("shards/ring.h", "top/record.h", UPSIDE),
        ("record.cc", "top/shards/ring.h", UPSIDE),
    ],
)
def test_declared_edges_pass(check, tmp_path, path, header, folders):
    done = check(path, header, folders)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "stamp").exists()


@pytest.mark.parametrize(
    ("path", "header", "folders"),
    [
        pytest.param("server.cc", "other/clock.h", LAYERED, id="module without an edge"),
        pytest.param("mid/reader.cc", "other/clock.h", LAYERED, id="from a folder as well"),
        pytest.param("server.cc", "base/inner/list.h", LAYERED, id="folder of another module"),
        pytest.param("low/buffer.cc", "top/mid/reader.h", LAYERED, id="folder that is above"),
        pytest.param("low/buffer.h", "top/server.h", LAYERED, id="from a folder to the face"),
        pytest.param("new/thing.cc", "top/low/buffer.h", LAYERED, id="folder not declared"),
        pytest.param("record.h", "top/shards/ring.h", UPSIDE, id="from a face that is below"),
    ],
)
def test_other_includes_are_refused(check, tmp_path, path, header, folders):
    done = check(path, header, folders)
    assert done.returncode != 0
    assert f'{path}: #include "osproxy/{header}"' in done.stderr
    assert not (tmp_path / "stamp").exists()


def test_folders_that_use_each_other_are_refused(check):
    done = check("server.cc", "base/clock.h", "low: mid,mid: low")
    assert done.returncode != 0
    assert "folder 'low' uses 'mid'" in done.stderr


def test_an_include_that_is_spaced_oddly_is_seen(check, tmp_path):
    check("server.cc", "base/clock.h")
    (tmp_path / "top" / "late.h").write_text('  #  include  "osproxy/other/clock.h"\n')
    done = check("server.cc", "base/clock.h")
    assert done.returncode != 0
    assert "late.h" in done.stderr
