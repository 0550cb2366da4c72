"""The packages, made once for all tests, and machines that have them."""

import os
import re
from pathlib import Path

import pytest

from builds import make_packages, one_of
from machine import Layer, Machine, call, install_by_apt, make_base

@pytest.fixture(scope="session")
def packages(tmp_path_factory) -> Path:
    """The folder with the packages of this tree. $OSPROXY_PACKAGES_DIR names one that is there."""
    ready = os.environ.get("OSPROXY_PACKAGES_DIR")
    return Path(ready) if ready else make_packages(tmp_path_factory.mktemp("packages"))


@pytest.fixture(scope="session")
def deb(packages) -> Path:
    return one_of(packages, "osproxy_*.deb")


@pytest.fixture(scope="session")
def library_deb(packages) -> Path:
    return one_of(packages, "libosproxy-dev_*.deb")


@pytest.fixture(scope="session")
def older_deb(deb, tmp_path_factory) -> Path:
    """The same package as version 0.0.1, whose settings file differs in a comment."""
    tree = tmp_path_factory.mktemp("older") / "tree"
    call("dpkg-deb", "--raw-extract", deb, tree)
    control = tree / "DEBIAN" / "control"
    control.write_text(re.sub(r"^Version: .*$", "Version: 0.0.1", control.read_text(), flags=re.M))
    with (tree / "etc/osproxy/osproxy.toml").open("a") as settings:
        settings.write("# A comment of version 0.0.1.\n")
    older = tree.parent / "osproxy_0.0.1.deb"
    call("dpkg-deb", "--build", "--root-owner-group", "-Znone", tree, older)
    return older


@pytest.fixture(scope="session")
def layers(tmp_path_factory):
    """Makes layers upon others, and takes all of them away at the end."""
    made: list[Layer] = []

    def make(below: list[Path]) -> Layer:
        made.append(Layer(tmp_path_factory.mktemp("layer"), below))
        return made[-1]

    yield make
    for layer in reversed(made):
        layer.close()


@pytest.fixture(scope="session")
def base() -> Path:
    return make_base()


@pytest.fixture(scope="session")
def installed(layers, base, deb) -> Layer:
    """A bare Debian in which apt has installed osproxy and nothing that it only recommends."""
    layer = layers([base])
    (layer.root / "root" / deb.name).write_bytes(deb.read_bytes())
    install_by_apt(layer.root, f"/root/{deb.name}", "logrotate", options=["--no-install-recommends"])
    return layer


@pytest.fixture
def machine(layers, installed):
    """A machine of the test's own, with the package installed."""
    with Machine(layers(installed.all_layers())) as running:
        yield running


@pytest.fixture
def upstream(machine, tmp_path):
    """A server at port 9200 of the machine, which has a file `hello`."""
    (tmp_path / "hello").write_text("from upstream")
    server = ["python3", "-m", "http.server", "--bind", "127.0.0.1", "--directory", tmp_path, "9200"]
    with machine.running_beside(*server):
        yield
