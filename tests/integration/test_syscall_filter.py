"""osproxy does all that it can do under the system calls that its systemd unit allows."""

import json
import signal
import sys
from pathlib import Path

import pytest
from echo_upstream import EchoUpstream

from parts import Authority, OtelCollector, Proxy, eventually, request

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "packaging/systemd/osproxy.service"
FILTER = Path(__file__).with_name("syscall_filter.py")

# glibc asks the kernel for this machine's addresses, to sort those of a name, and does without.
HARMLESS = {"socket AF_NETLINK"}


class FilteredProxy(Proxy):
    def command(self) -> list[str]:
        self.denied_path = self.dir / "denied"
        self.denied_path.touch()
        return [sys.executable, str(FILTER), str(UNIT), str(self.denied_path), *super().command()]

    def denied(self) -> set[str]:
        return set(self.denied_path.read_text().split("\n")) - {""} - HARMLESS


def test_the_filter_is_that_of_the_unit(tmp_path):
    """A call that the filter denies is noted, so that the test below can fail."""
    unit = tmp_path / "osproxy.service"
    unit.write_text(UNIT.read_text().replace("SystemCallFilter=~", "SystemCallFilter=~epoll_wait "))
    with EchoUpstream() as node:
        proxy = FilteredProxy(tmp_path, upstream=node.url)
        command = [str(unit) if part == str(UNIT) else part for part in proxy.command()]
        proxy.command = lambda: command
        proxy.launch()
        eventually(lambda: "epoll_wait" in proxy.denied(), what="the denied call")
        proxy.kill()


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_everything_works_under_the_units_filter(tmp_path, etcd, protocol):
    ca = Authority(tmp_path, "ca")
    client, node = ca.issue("listener"), ca.issue("node")
    key = f"filtered/{protocol}/directives"
    log, spool = tmp_path / "records.ndjson", tmp_path / "spool"
    with EchoUpstream(tls=node) as upstream, OtelCollector(tmp_path) as collector:
        url = collector.grpc_url if protocol == "grpc" else collector.http_url
        proxy = FilteredProxy(
            tmp_path,
            upstream=upstream.url.replace("127.0.0.1", "localhost"),
            etcd=etcd,
            key=key,
            arguments=["--tls-cert-file", str(client.cert), "--tls-key-file", str(client.key),
                       "--upstream-ca-file", str(ca.file), "--health-check-interval", "50ms",
                       "--etcd-state-dir", str(tmp_path), "--record-log", str(log),
                       "--capture-dir", str(spool), "--otlp-endpoint", url.replace("127.0.0.1", "localhost"),
                       "--otlp-protocol", protocol, "--otlp-delay", "20ms"],
        )  # fmt: skip
        with proxy:
            drive(proxy, ca, log, spool, collector)
        assert proxy.process.returncode == 0, proxy.log_tail()
    assert proxy.denied() == set()


def drive(proxy, ca, log, spool, collector):
    directive = {"id": "all", "level": "ShapeRewriteDiff", "ttl_secs": 600, "capture": True}
    reply = proxy.admin("POST", "/admin/directives", json_body={"directives": [directive]})
    assert reply.status == 200, reply.body
    eventually(lambda: proxy.active() == ["all"], what="the directive, by the watch")

    def serve() -> None:
        url = f"https://{proxy.address}/orders/_search"
        body = json.dumps({"query": {"match_all": {}}, "pad": "x" * 300_000})
        assert request("POST", url, body=body, ca_file=ca.file).status == 200

    serve()
    eventually(lambda: log.exists() and log.read_text().count("\n") >= 1, what="a line of the log")
    log.rename(log.with_suffix(".1"))
    proxy.send(signal.SIGHUP)
    eventually(log.exists, what="the new log")
    serve()
    eventually(lambda: log.read_text().count("\n") >= 1, what="a line of the new log")
    eventually(lambda: len(list(spool.glob("capture-*.ndjson"))) > 0, what="a captured exchange")
    eventually(lambda: len(collector.spans()) > 0, what="a span")
    for path in ("/metrics", "/admin/fleet", "/admin/top", "/admin/recent", "/debug/breakglass"):
        assert proxy.admin("GET", path).status == 200, path
    assert proxy.status()["store"]["state"] == "synced"
