"""Through `etcd grpc-proxy`, which merges watches and responds to some reads from its cache."""

import time

import pytest

from parts import Process, request
from parts.process import free_port


class GrpcProxy(Process):
    def __init__(self, run_dir, etcd):
        super().__init__(run_dir, "grpc-proxy")
        self.endpoint = f"127.0.0.1:{free_port()}"
        self._etcd = etcd

    def command(self) -> list[str]:
        return [
            self._etcd.release.program("etcd"), "grpc-proxy", "start",
            "--endpoints", self._etcd.endpoint, "--listen-addr", self.endpoint,
            "--advertise-client-url", self.endpoint,
        ]  # fmt: skip

    def ready(self) -> bool:
        return request("GET", f"http://{self.endpoint}/health", timeout=2).status == 200


@pytest.fixture
def grpc_proxy(etcd, tmp_path):
    with GrpcProxy(tmp_path, etcd) as part:
        yield part


def test_through_grpc_proxy(row, etcd, grpc_proxy):
    """through etcd's grpc-proxy"""
    row.follow(etcd, grpc_proxy.endpoint)
    row.put()
    put = row.seen()
    row.delete()
    deleted = row.seen()
    row.put()
    row.seen()
    time.sleep(6)  # a proof must have gone through it
    ages = [client.observations()[-1].age_s for client in row.clients[1:]]
    row.report(
        f"put seen after {put * 1000:.0f} ms, deletion after {deleted * 1000:.0f} ms, "
        f"verified age after 6 s: {max(ages):.1f} s"
    )
    assert max(ages) < 6


def test_grpc_proxy_killed_and_restarted(row, etcd, grpc_proxy):
    """etcd's grpc-proxy killed and restarted"""
    row.follow(etcd, grpc_proxy.endpoint)
    grpc_proxy.kill()
    noticed = row.noticed(since=time.time())
    row.delete()
    row.put()
    grpc_proxy.start()
    seen = row.seen(since=time.time())
    row.report(f"noticed after {noticed:.1f} s, synced {seen:.1f} s after it was back")
