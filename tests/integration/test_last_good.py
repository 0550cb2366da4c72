"""A start without etcd from the last good set, and lives that a restart does not extend."""

import json
import subprocess

import pytest
from test_osproxyctl import Watch

from parts import eventually, program

KEPT = {"id": "kept", "level": "Shape", "ttl_secs": 600}
KEY = "test/last-good"


def document(*directives: dict) -> str:
    return json.dumps({"directives": directives})


@pytest.fixture
def restart(start_proxy, opensearch, own_etcd, tmp_path):
    """Starts an osproxy with a state directory; the one before is stopped first."""
    state_dir = tmp_path / "state"
    running = []

    def start(policy: str = "last-good"):
        for proxy in running:
            assert proxy.stop() == 0
        running[:] = [
            start_proxy(
                f"proxy-{policy}",
                upstream=opensearch.url,
                etcd=own_etcd,
                key=KEY,
                arguments=["--etcd-state-dir", str(state_dir), "--etcd-start", policy],
            )
        ]
        return running[0]

    start.state_file = state_dir / "last-good.state"
    return start


def ends(proxy) -> dict[str, str]:
    return {d["id"]: d["expires_at"] for d in proxy.status()["directives"]}


def test_a_proxy_starts_from_the_last_good_set_while_etcd_is_down(
    restart, own_etcd, traffic, index
):
    revision = own_etcd.put(KEY, document(KEPT))
    proxy = restart()
    end = ends(proxy)
    eventually(restart.state_file.exists, what="the set is saved")
    own_etcd.kill()

    proxy = restart()
    store = proxy.status()["store"]
    assert store["state"] == "stale"
    assert "serving the last good set" in store["reason"]
    assert own_etcd.endpoint in store["reason"]
    assert store["revision"] == revision
    assert store["verified_age_ms"] is None
    assert ends(proxy) == end
    traffic.recorded(proxy, traffic.search(proxy, index))

    own_etcd.start()
    own_etcd.put(KEY, document({**KEPT, "id": "new"}))
    eventually(lambda: proxy.active() == ["new"], timeout=40)
    assert proxy.status()["store"]["state"] == "synced"


def test_a_restart_does_not_restart_a_life(restart, own_etcd):
    own_etcd.put(KEY, document(KEPT))
    before = ends(restart("fail"))
    assert ends(restart("fail")) == before


def test_a_malformed_document_at_start_keeps_the_last_good_set(restart, own_etcd):
    own_etcd.put(KEY, document(KEPT))
    assert restart().active() == ["kept"]
    bad = own_etcd.put(KEY, "{")
    proxy = restart()
    assert proxy.active() == ["kept"]
    assert proxy.status()["store"]["rejected"]["revision"] == bad


def test_a_torn_file_is_refused_and_the_proxy_starts_without_it(
    restart, own_etcd
):
    own_etcd.put(KEY, document(KEPT))
    restart().stop()
    whole = restart.state_file.read_bytes()
    restart.state_file.write_bytes(whole[: len(whole) // 2])
    own_etcd.put(KEY, "{")  # so that there is nothing to save in its place
    proxy = restart()
    assert proxy.active() == []
    (warning,) = proxy.status()["store"]["warnings"]
    assert str(restart.state_file) in warning
    assert proxy.metrics()["osproxy_store_warnings"] == 1


def test_without_a_good_set_the_start_fails_with_both_reasons(restart, own_etcd, opensearch, tmp_path):
    own_etcd.kill()
    done = subprocess.run(
        [
            program("osproxy"), "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0",
            "--upstream", opensearch.url, "--etcd-endpoints", own_etcd.endpoint,
            "--etcd-state-dir", str(tmp_path / "empty"), "--etcd-start", "last-good",
        ],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert done.returncode == 1
    assert own_etcd.endpoint in done.stderr
    assert "no last good set has been saved" in done.stderr


def test_watch_starts_from_its_state_directory(own_etcd, make_fleet, tmp_path):
    fleet = make_fleet(own_etcd)
    revision = fleet.put(KEPT)
    arguments = ("--state-dir", str(tmp_path / "watch"))
    with Watch(fleet.ctl, *arguments) as watch:
        watch.until(lambda line: line["active"] == ["kept"])
    own_etcd.kill()
    with Watch(fleet.ctl, *arguments) as watch:
        line = watch.next()
        assert (line["state"], line["active"], line["revision"]) == ("stale", ["kept"], revision)
        assert line["verified_age_ms"] is None
        own_etcd.start()
        watch.until(lambda line: line["state"] == "synced")
