"""/metrics as Prometheus itself reads it."""

import os
import shutil

from echo_upstream import EchoUpstream
from parts import Authority, Prometheus, eventually, promtool_check

# Dashboards depend on these metrics: each must exist under every configuration.
FAMILIES = (
    "osproxy_requests_total",
    "osproxy_request_duration_seconds",
    "osproxy_upstream_healthy",
    "osproxy_upstream_waiting",
    "osproxy_directives_active",
    "osproxy_directives_thinned",
    "osproxy_requests_matched_total",
    "osproxy_records_total",
    "osproxy_output_records_held",
    "osproxy_records_refused_total",
    "osproxy_output_records_dropped_total",
    "osproxy_store_state",
    "osproxy_store_revision",
    "osproxy_store_verified_age_seconds",
    "osproxy_store_rejected",
)


def test_promtool_finds_nothing_wrong_with_a_busy_proxy(fleet, traffic, index):
    fleet.put({"id": "all", "level": "ShapeTiming", "ttl_secs": 600, "ring_buffer": True})
    traffic.recorded(fleet.a, traffic.search(fleet.a, index))
    traffic.send(fleet.a, "GET", "/no-such-index/_search")
    fleet.a.settle()
    exposition = fleet.a.admin("GET", "/metrics").body
    assert promtool_check(exposition) == ""
    lines = exposition.decode().splitlines()
    types = {line.split()[2] for line in lines if line.startswith("# TYPE ")}
    assert [name for name in FAMILIES if name not in types] == []


def test_promtool_finds_a_planted_fault():
    assert "no help text" in promtool_check(b"# TYPE a_total counter\na_total 1\n")


def test_prometheus_returns_the_number_of_requests_sent(start_proxy, traffic, tmp_path):
    with EchoUpstream() as upstream:
        proxy = start_proxy(upstream=upstream.url)
        for _ in range(17):
            traffic.send(proxy, "POST", "/orders/_search", body=b"{}")
        with Prometheus(tmp_path, targets=[proxy.admin_address]) as prometheus:
            expression = 'sum(osproxy_requests_total{endpoint="Search",status_class="2xx"})'
            eventually(lambda: prometheus.query(expression) == 17, timeout=30)
            assert prometheus.query('up{job="osproxy"}') == 1
            count = 'osproxy_request_duration_seconds_count{endpoint="Search"}'
            assert prometheus.query(count) == 17


def test_prometheus_takes_the_page_whatever_files_are_called(start_proxy, tmp_path):
    authority = Authority(tmp_path, "ca")
    pair = authority.issue("pod")
    name = b"caf\xe9 \x1b\xc2\x9b\xe2\x80\xae\n\"quoted\".pem"
    odd = os.fsencode(tmp_path) + b"/" + name
    shutil.copy(pair.cert, odd)
    flags = []
    for side in ("tls", "upstream"):  # the same file for clients and for nodes
        flags += [f"--{side}-cert-file", os.fsdecode(odd), f"--{side}-key-file", str(pair.key)]
    with EchoUpstream(tls=pair) as upstream:
        flags += ["--upstream-ca-file", str(authority.file)]
        proxy = start_proxy(upstream=upstream.url, arguments=flags)
        exposition = proxy.admin("GET", "/metrics").body
        assert promtool_check(exposition) == ""
        with Prometheus(tmp_path, targets=[proxy.admin_address]) as prometheus:
            expression = "count(osproxy_tls_certificate_expiry_timestamp_seconds)"
            eventually(lambda: prometheus.query(expression) == 1, timeout=30)
            assert prometheus.query('up{job="osproxy"}') == 1
