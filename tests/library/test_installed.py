"""The installed library as an embedder uses it: found by CMake or pkg-config, linked, and run."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from parts import Ctl, Etcd, Process, eventually
from parts.proxy import bin_dir

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
EXAMPLE = EXAMPLES / "keep_fresh.cc"
WORKERS = 4  # reading threads of the example
MAX_EXAMPLE_LINES = 30


def run(*command, env=None) -> str:
    done = subprocess.run(
        [str(part) for part in command], env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def prefix(tmp_path_factory) -> Path:
    """The folder into which `cmake --install` has installed the tested build."""
    prefix = tmp_path_factory.mktemp("prefix")
    run("cmake", "--install", bin_dir().parent, "--prefix", prefix)
    return prefix


@pytest.fixture
def etcd(tmp_path):
    with Etcd(tmp_path) as part:
        yield part


class Example(Process):
    def __init__(self, run_dir, program: Path, endpoint: str):
        super().__init__(run_dir, "example")
        self._command = [str(program), endpoint]

    def command(self) -> list[str]:
        return self._command

    def ready(self) -> bool:
        return True

    def shown(self, what: str) -> int:
        """The number of its threads that have seen that document."""
        return len(set(re.findall(rf"^worker \d: {what}$", self.log(), re.M)))


def keeps_fresh(tmp_path, etcd, program: Path) -> None:
    with Example(tmp_path, program, etcd.endpoint) as example:
        ctl = Ctl("--endpoints", etcd.endpoint)
        done = ctl("on", "--tenant", "acme", "--level", "Shape", "--ttl", "10m", "--id", "one",
                   "--no-wait")  # the example writes no acks
        assert done.status == 0, done.err
        eventually(lambda: example.shown("on") == WORKERS, 60, "every thread sees the publish")
        assert ctl("off", "one", "--no-wait").status == 0
        eventually(lambda: example.shown("off") == WORKERS, 60, "every thread sees its end")


def test_installed_headers_include_only_each_other_and_std(prefix):
    include = prefix / "include"
    headers = {str(path.relative_to(include)) for path in include.rglob("*.h")}
    assert "osproxy/etcd/etcd_directive_store.h" in headers
    for header in headers:
        text = (include / header).read_text()
        for name in re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', text, re.M):
            # Headers of the standard library have neither folder nor ending; C's are written <c…>.
            assert name in headers or re.fullmatch(r"[a-z_0-9]+", name), f"{header}: {name}"


def test_the_example_is_short():
    lines = [line.strip() for line in EXAMPLE.read_text().splitlines()]
    code = [line for line in lines if line and not line.startswith(("//", "#include"))]
    assert len(code) <= MAX_EXAMPLE_LINES


def test_the_example_built_with_cmake_follows_etcd(prefix, tmp_path, etcd):
    build = tmp_path / "build"
    run("cmake", "-G", "Ninja", "-S", EXAMPLES, "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", build)
    keeps_fresh(tmp_path, etcd, build / "keep_fresh")


def test_the_example_built_with_pkg_config_follows_etcd(prefix, tmp_path, etcd):
    (package,) = prefix.rglob("osproxy.pc")
    path = {"PKG_CONFIG_PATH": str(package.parent)}
    found = run("pkg-config", "--cflags", "--libs", "osproxy", env=path)
    program = tmp_path / "keep_fresh"
    run("c++", EXAMPLE, "-o", program, *found.split())
    keeps_fresh(tmp_path, etcd, program)
