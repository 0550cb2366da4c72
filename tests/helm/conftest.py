"""The API server that validates what the chart makes, and an etcd for it, for all tests."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

from cases import NAMESPACE  # noqa: E402

from parts.etcd import CURRENT_ETCD, Etcd  # noqa: E402
from parts.kubernetes import KubeApiserver  # noqa: E402


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """An API server with a namespace whose pods must obey the standard `restricted`, and the kinds of
    the Prometheus operator."""
    run_dir = tmp_path_factory.mktemp("cluster")
    with Etcd(run_dir, release=CURRENT_ETCD) as etcd, KubeApiserver(run_dir, etcd) as server:
        server.create_namespace(NAMESPACE, enforce="restricted", warn="restricted")
        server.create_definitions()
        yield server
