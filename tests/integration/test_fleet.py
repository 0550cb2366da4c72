"""Acks on a real etcd: which instances the fleet shows, with which state, and for how long."""

import json
import signal

import pytest
from parts import Ctl, eventually

GOOD = json.dumps({"directives": [{"id": "a", "level": "Shape", "ttl_secs": 600}]})
BAD = json.dumps({"directives": [{"id": "a", "level": "Shape", "ttl_secs": 0}]})
# Short enough for a test to await its end, and long enough for a busy machine to renew it in time.
LEASE = ("--etcd-ack-ttl", "5s")
KEY = "test/fleet/directives"


@pytest.fixture
def start_member(start_proxy, own_etcd):
    """Starts an instance of the fleet on `own_etcd`; it serves no traffic."""

    def start(name: str, *arguments: str, process: str | None = None):
        return start_proxy(
            process or name,
            upstream="http://127.0.0.1:1",
            etcd=own_etcd,
            key=KEY,
            arguments=("--instance", name, *LEASE, *arguments),
        )

    return start


@pytest.fixture
def ctl(own_etcd):
    return Ctl.of_etcd(own_etcd, KEY)


def members(ctl) -> dict:
    """The fleet as osproxyctl shows it, by the names of its instances."""
    shown = ctl("fleet", "--output", "json").json()
    return {member["instance"]: member for member in shown["instances"]}


def eventually_applied(ctl, revision: int, names: set[str]) -> None:
    def applied():
        fleet = members(ctl)
        return set(fleet) == names and all(
            m["applied"] and m["ack"]["revision"] == revision for m in fleet.values()
        )

    eventually(applied, timeout=40, what=f"{names} have applied {revision}")


def test_two_instances_appear_and_ack_a_publish(start_member, own_etcd, ctl):
    proxies = [start_member("proxy-a"), start_member("proxy b/1")]
    names = {"proxy-a", "proxy b/1"}
    eventually_applied(ctl, 0, names)
    revision = own_etcd.put(KEY, GOOD)
    eventually_applied(ctl, revision, names)

    for proxy in proxies:
        assert proxy.admin("GET", "/admin/fleet").json() == ctl("fleet", "-o", "json").json()
        eventually(lambda proxy=proxy: proxy.status()["ack"] == {"state": "written", "reason": ""})
        metrics = proxy.metrics()
        assert metrics["osproxy_etcd_acks_written_total"] >= 2
        assert metrics['osproxy_etcd_ack_state{state="written"}'] == 1
    ack = members(ctl)["proxy-a"]["ack"]
    assert (ack["state"], ack["rejected"]) == ("synced", None)
    assert ack["verified_age_ms"] >= 0
    assert ack["started"] < ack["written"]

    text = ctl("fleet")
    assert text.status == 0
    assert text.out.startswith(f"FLEET 2/2 synced, revision {revision}\nINSTANCE ")
    by_admin = Ctl.of_admin(proxies[0])("fleet")
    assert (by_admin.status, by_admin.out.splitlines()[0]) == (0, text.out.splitlines()[0])


def test_acks_are_written_on_change_only(start_member, own_etcd, ctl):
    proxy = start_member("proxy-a")
    eventually_applied(ctl, own_etcd.put(KEY, GOOD), {"proxy-a"})
    written = proxy.metrics()["osproxy_etcd_acks_written_total"]
    proofs = proxy.metrics()["osproxy_etcd_proof_reads_total"]
    # The verified age has started again since.
    eventually(lambda: proxy.metrics()["osproxy_etcd_proof_reads_total"] > proofs + 1, timeout=30)
    assert proxy.metrics()["osproxy_etcd_acks_written_total"] == written


def test_a_malformed_publish_shows_the_rejection_at_each(start_member, own_etcd, ctl):
    start_member("proxy-a")
    start_member("proxy-b")
    good = own_etcd.put(KEY, GOOD)
    eventually_applied(ctl, good, {"proxy-a", "proxy-b"})
    bad = own_etcd.put(KEY, BAD)
    rejected = {"revision": bad, "slug": "zero_ttl", "where": "directives[0].ttl_secs"}
    for name in ("proxy-a", "proxy-b"):
        eventually(lambda name=name: members(ctl)[name]["ack"]["rejected"] == rejected)
        member = members(ctl)[name]
        assert not member["applied"]
        assert member["ack"]["revision"] == good
        assert "zero_ttl at directives[0].ttl_secs" in member["why"]
    text = ctl("fleet")
    assert text.status == 1
    assert text.out.startswith(f"FLEET 0/2 synced, revision {bad}\n")
    assert "zero_ttl" in text.out


def test_the_key_of_a_killed_instance_ends_with_its_lease(start_member, own_etcd, ctl):
    start_member("proxy-a")
    killed = start_member("proxy-b")
    eventually_applied(ctl, 0, {"proxy-a", "proxy-b"})
    killed.kill()
    eventually_applied(ctl, 0, {"proxy-a"})


def test_a_restarted_instance_takes_its_place_again(start_member, ctl):
    proxy = start_member("proxy-a")
    eventually_applied(ctl, 0, {"proxy-a"})
    before = members(ctl)["proxy-a"]["ack"]["started"]
    proxy.kill()
    proxy.start()

    def is_back() -> bool:
        """Its key has ended with the lease of the run before, and exists again."""
        member = members(ctl).get("proxy-a")
        return member is not None and member["ack"]["started"] > before

    eventually(is_back, timeout=40)
    eventually(lambda: proxy.status()["ack"]["state"] == "written")


def test_a_clean_stop_deletes_the_key_at_once(start_proxy, own_etcd, ctl):
    proxy = start_proxy(
        "proxy-a", upstream="http://127.0.0.1:1", etcd=own_etcd, key=KEY,
        arguments=("--instance", "proxy-a", "--etcd-ack-ttl", "10m"),
    )  # fmt: skip
    eventually_applied(ctl, 0, {"proxy-a"})
    assert proxy.stop() == 0
    assert members(ctl) == {}  # and not when ten minutes are over
    assert "leases" not in own_etcd.etcdctl("lease", "list") or not own_etcd.etcdctl(
        "lease", "list"
    ).get("leases")


def test_acks_come_back_after_an_outage_of_etcd(start_member, own_etcd, ctl):
    proxy = start_member("proxy-a")
    eventually_applied(ctl, 0, {"proxy-a"})
    own_etcd.kill()
    eventually(lambda: proxy.status()["ack"]["state"] == "failing", timeout=30)
    assert own_etcd.endpoint in proxy.status()["ack"]["reason"]
    own_etcd.start()
    eventually_applied(ctl, own_etcd.put(KEY, GOOD), {"proxy-a"})
    eventually(lambda: proxy.status()["ack"]["state"] == "written", timeout=40)
    assert proxy.log().count("cannot be written") == 1


def test_a_revoked_lease_is_granted_again(start_member, own_etcd, ctl):
    proxy = start_member("proxy-a")
    eventually_applied(ctl, 0, {"proxy-a"})
    (lease,) = own_etcd.etcdctl("lease", "list")["leases"]
    own_etcd.etcdctl("lease", "revoke", f"{lease['id']:x}")
    eventually(lambda: proxy.metrics()["osproxy_etcd_ack_leases_lost_total"] == 1)
    eventually_applied(ctl, 0, {"proxy-a"})
    (granted,) = own_etcd.etcdctl("lease", "list")["leases"]
    assert granted["id"] != lease["id"]


def test_a_second_instance_of_one_name_reports_it_and_waits(start_member, ctl):
    first = start_member("proxy-a")
    eventually_applied(ctl, 0, {"proxy-a"})
    ack = members(ctl)["proxy-a"]["ack"]
    second = start_member("proxy-a", process="second")
    status = eventually(
        lambda: second.status()["ack"]["state"] == "name_taken" and second.status()["ack"],
        timeout=30,
    )
    assert ack["started"] in status["reason"]
    assert members(ctl)["proxy-a"]["ack"] == ack
    assert first.status()["ack"]["state"] == "written"
    assert "name_taken" in second.log()
    first.stop()  # then the name is free
    eventually(lambda: second.status()["ack"]["state"] == "written", timeout=90)


def test_foreign_values_are_shown_and_disturb_no_instance(start_member, own_etcd, ctl):
    start_member("proxy-a")
    eventually_applied(ctl, 0, {"proxy-a"})
    own_etcd.put("test/fleet/fleet/ghost", "not an ack")  # without a lease, it counts for nothing
    lease = own_etcd.etcdctl("lease", "grant", "600")["ID"]
    own_etcd.etcdctl("put", "--lease", f"{lease:x}", "test/fleet/fleet/stray", "not an ack")
    stray = eventually(lambda: members(ctl).get("stray"))
    assert stray["ack"] is None
    assert "no valid ack" in stray["why"]
    text = ctl("fleet")
    assert text.status == 1
    assert "FLEET 1/2 synced" in text.out


@pytest.mark.parametrize("fault", ["deleted", "overwritten"])
def test_an_ack_that_somebody_destroyed_comes_back(start_member, own_etcd, ctl, fault):
    start_member("proxy-a")
    eventually_applied(ctl, 0, {"proxy-a"})
    key = "test/fleet/fleet/proxy-a"
    if fault == "deleted":
        own_etcd.etcdctl("del", key)
    else:
        own_etcd.put(key, "not an ack")
    # At the next keepalive: well before the minute after which it is read in any case.
    eventually(lambda: members(ctl).get("proxy-a", {}).get("ack") is not None, timeout=30)


def test_a_stop_leaves_a_key_that_somebody_else_wrote(start_member, own_etcd, ctl):
    proxy = start_member("proxy-a")
    eventually_applied(ctl, 0, {"proxy-a"})
    own_etcd.put("test/fleet/fleet/proxy-a", "theirs")
    assert proxy.stop() == 0
    assert members(ctl)["proxy-a"]["ack"] is None


def test_an_instance_says_why_its_etcd_does_not_respond(start_member, own_etcd):
    proxy = start_member("proxy-a")
    ctl = Ctl.of_admin(proxy)
    own_etcd.send(signal.SIGSTOP)
    try:
        for command, status in (("fleet", 5), ("list", 0)):  # the list itself is the instance's
            result = ctl(command)
            assert result.status == status
            assert "no response in time" in result.err  # osproxy's reason, not osproxyctl's
        assert "\nFLEET cannot be read: " in ctl("status").out
    finally:
        own_etcd.send(signal.SIGCONT)


def test_an_empty_fleet_is_an_error(own_etcd, ctl):
    result = ctl("fleet")
    assert (result.status, result.out) == (1, "FLEET 0/0 synced, revision 0\n")
    own_etcd.kill()
    assert ctl("fleet", "--timeout", "2s").status == 5


def test_an_instance_without_etcd_is_a_fleet_of_one(start_proxy):
    proxy = start_proxy(upstream="http://127.0.0.1:1", arguments=("--instance", "alone"))
    fleet = proxy.admin("GET", "/admin/fleet").json()
    assert [m["instance"] for m in fleet["instances"]] == ["alone"]
    assert fleet["applied"]
    assert proxy.status()["ack"] == {"state": "off", "reason": ""}
    assert Ctl.of_admin(proxy)("fleet").status == 0
