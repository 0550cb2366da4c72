"""libosproxy-dev in a bare Debian 12: its example, by CMake and by pkg-config, follows an etcd."""

import re
import shutil

import pytest

from machine import Layer, Machine, install_by_apt

from parts import eventually

EXAMPLES = "/usr/share/doc/libosproxy-dev/examples"
WORKERS = 4  # reading threads of the example
BUILDS = {
    "cmake": f"cmake -S {EXAMPLES} -B /root/cmake && cmake --build /root/cmake"
    " && mv /root/cmake/keep_fresh /root/by-cmake",
    "pkg-config": f"c++ {EXAMPLES}/keep_fresh.cc -o /root/by-pkg-config"
    " $(pkg-config --cflags --libs osproxy)",
}


@pytest.fixture(scope="module")
def with_library(layers, installed, library_deb) -> Layer:
    layer = layers(installed.all_layers())
    shutil.copy(library_deb, layer.root / "root")
    install_by_apt(
        layer.root, f"/root/{library_deb.name}", "g++", "cmake", "make",
        options=["--no-install-recommends"],
    )  # fmt: skip
    return layer


@pytest.mark.parametrize("tool", BUILDS)
def test_a_program_with_the_library_follows_etcd(tool, layers, with_library, tmp_path):
    with Machine(layers(with_library.all_layers())) as machine:
        machine.shell(BUILDS[tool])
        with machine.running_beside("etcd", "--data-dir", tmp_path / "etcd"):
            ctl = "osproxyctl --endpoints 127.0.0.1:2379"
            on = f"{ctl} on --tenant acme --level Shape --ttl 10m --no-wait"
            eventually(
                lambda: machine.shell(on, check=False).returncode == 0, 60, "a publish into etcd"
            )
            machine.shell(f"/root/by-{tool} 127.0.0.1:2379 >/root/said 2>&1 &")
            eventually(
                lambda: len(set(re.findall(r"worker \d: on", machine.read("/root/said"))))
                == WORKERS, 60, "every thread sees the directive",
            )  # fmt: skip
