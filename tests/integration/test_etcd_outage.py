"""etcd stops and comes back: the last good set stays, and every surface gives the reason."""

import json
import subprocess
from datetime import UTC, datetime, timedelta

from parts import eventually, program
from parts.process import free_port

KEPT = {"id": "kept", "level": "Shape", "ttl_secs": 600}


def not_synced(proxy):
    store = proxy.status()["store"]
    return store if store["state"] in ("suspect", "stale") else None


def test_traffic_and_diagnostics_go_on_while_etcd_is_down(make_fleet, own_etcd, traffic, index):
    fleet = make_fleet(own_etcd)
    revision = fleet.put(KEPT)
    before = datetime.now(UTC)
    own_etcd.kill()
    for proxy in fleet:
        store = eventually(lambda proxy=proxy: not_synced(proxy), timeout=30)
        assert before <= datetime.fromisoformat(store["since"]) <= datetime.now(UTC)
        assert store["reason"]
        assert store["revision"] == revision
        assert proxy.active() == ["kept"]
        traffic.recorded(proxy, traffic.search(proxy, index))
        assert proxy.admin("GET", "/healthz").status == 200


def test_metrics_show_since_when_etcd_is_down(make_fleet, own_etcd):
    fleet = make_fleet(own_etcd)
    own_etcd.kill()
    for proxy in fleet:
        eventually(lambda proxy=proxy: not_synced(proxy), timeout=30)
        metrics = proxy.metrics()
        assert metrics['osproxy_store_state{state="synced"}'] == 0
        assert sum(v for k, v in metrics.items() if k.startswith("osproxy_store_state{")) == 1
        since = metrics["osproxy_store_state_since_timestamp_seconds"]
        assert 0 <= datetime.now(UTC).timestamp() - since < 60


def test_new_directives_arrive_after_etcd_is_back(make_fleet, own_etcd, traffic, index):
    fleet = make_fleet(own_etcd)
    fleet.put(KEPT)
    own_etcd.kill()
    for proxy in fleet:
        eventually(lambda proxy=proxy: not_synced(proxy), timeout=30)
    own_etcd.start()
    revision = own_etcd.put(fleet.key, json.dumps({"directives": [{**KEPT, "id": "new"}]}))
    for proxy in fleet:
        # The longest pause between two attempts to connect is 15 s.
        eventually(lambda proxy=proxy: proxy.active() == ["new"], timeout=40)
        store = proxy.status()["store"]
        assert store["state"] == "synced"
        assert store["revision"] == revision
        record = traffic.recorded(proxy, traffic.search(proxy, index))
        assert record["directives"] == ["new"]


def test_a_directive_expires_on_time_while_etcd_is_down(make_fleet, own_etcd, traffic, index):
    fleet = make_fleet(own_etcd)
    end = datetime.now(UTC) + timedelta(seconds=5)
    fleet.put({"id": "short", "level": "Shape", "expires_at": end.strftime("%Y-%m-%dT%H:%M:%SZ")})
    own_etcd.kill()
    for proxy in fleet:
        eventually(lambda proxy=proxy: proxy.active() == [], timeout=30)
        assert datetime.now(UTC) >= end - timedelta(seconds=1)
        traffic.not_recorded(proxy, traffic.search(proxy, index))


def test_a_malformed_document_at_start_is_an_empty_set_and_shown(
    etcd, start_proxy, opensearch, traffic, index
):
    key = "test/malformed-at-start"
    bad = etcd.put(key, '{"directives":[{"level":"Shape","ttl_secs":1}]}')
    proxy = start_proxy(upstream=opensearch.url, etcd=etcd, key=key)
    rejected = proxy.status()["store"]["rejected"]
    assert (rejected["slug"], rejected["revision"]) == ("missing_id", bad)
    assert proxy.status()["directives"] == []
    traffic.not_recorded(proxy, traffic.search(proxy, index))


def test_a_proxy_does_not_start_without_etcd_and_names_it(opensearch):
    endpoint = f"127.0.0.1:{free_port()}"
    done = subprocess.run(
        [
            program("osproxy"), "--listen", f"127.0.0.1:{free_port()}",
            "--admin-listen", f"127.0.0.1:{free_port()}", "--upstream", opensearch.url,
            "--etcd-endpoints", endpoint, "--etcd-connect-timeout", "2s",
        ],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert done.returncode not in (0, 2)
    assert endpoint in done.stderr
