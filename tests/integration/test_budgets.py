"""A directive over its budget is tripped alone, and every surface shows it."""

import json

import pytest
from echo_upstream import EchoUpstream
from parts import Ctl, eventually

ALL = {"id": "broad", "level": "Shape", "ttl_secs": 600}
ACME = {"id": "acme", "level": "ShapeTiming", "ttl_secs": 600, "tenant": "acme"}
# The next token takes longer than a test, so only the burst is recorded.
BUDGET = ("--directive-budget", "1", "--directive-burst", "5")
KEY = "test/budgets/directives"


@pytest.fixture
def upstream():
    with EchoUpstream() as server:
        yield server


def directives(proxy) -> dict:
    return {d["id"]: d for d in proxy.status()["directives"]}


def test_a_trip_is_shown_everywhere_and_ends_with_a_change(start_proxy, upstream, own_etcd, traffic):
    proxy = start_proxy(upstream=upstream.url, etcd=own_etcd, key=KEY,
                        arguments=("--instance", "proxy-1", *BUDGET))  # fmt: skip
    ctl = Ctl.of_etcd(own_etcd, KEY)
    own_etcd.put(KEY, json.dumps({"directives": [ALL, ACME]}))
    eventually(lambda: set(directives(proxy)) == {"broad", "acme"})

    sent = [traffic.send(proxy, "GET", "/orders/_search") for _ in range(40)]
    eventually(lambda: directives(proxy)["broad"]["tripped"])
    proxy.settle()
    shown = directives(proxy)["broad"]
    assert shown["recorded"] >= 5
    assert shown["recorded"] + shown["refused"] >= len(sent)
    reason = shown["tripped"]["reason"]
    assert reason.startswith("over budget: ") and reason.endswith(" records/s, budget 1")
    assert directives(proxy)["acme"]["tripped"] is None

    # The other directive keeps recording, and no client notices.
    record = traffic.recorded(proxy, traffic.send(proxy, "GET", "/orders/_search", tenant="acme"))
    assert record["directives"] == ["acme"]
    traffic.not_recorded(proxy, traffic.send(proxy, "GET", "/orders/_search"))

    metrics = proxy.metrics()
    assert metrics["osproxy_directives_tripped"] == 1
    assert metrics["osproxy_records_refused_total"] == directives(proxy)["broad"]["refused"]

    def acked():
        (member,) = ctl("fleet", "-o", "json").json()["instances"]
        return member["ack"]["tripped"]

    (acked_trip,) = eventually(acked, what="the ack names the trip")
    assert acked_trip == {"id": "broad", **shown["tripped"]}
    line = f"tripped: broad at proxy-1 since {shown['tripped']['since'][:19]}Z: {reason}\n"
    assert line in ctl("list").out
    assert line in ctl("fleet").out
    assert ctl("list", "-o", "json").json()["tripped"] == [{**acked_trip, "instance": "proxy-1"}]
    assert reason in Ctl.of_admin(proxy)("status").out
    assert f"directive broad is tripped: {reason}" in proxy.log()

    own_etcd.put(KEY, json.dumps({"directives": [{**ALL, "index": "logs"}, ACME]}))
    eventually(lambda: directives(proxy)["broad"]["tripped"] is None)
    traffic.recorded(proxy, traffic.send(proxy, "GET", "/logs/_search"))
    eventually(lambda: acked() == [])


def test_the_instance_budget_trips_the_most_expensive_directive(
    start_proxy, upstream, traffic
):
    proxy = start_proxy(
        upstream=upstream.url,
        arguments=("--directive-budget", "0", "--instance-budget", "1", "--instance-burst", "9"),
    )
    document = {"directives": [{**ALL, "index": "logs"}, ACME]}
    assert proxy.admin("POST", "/admin/directives", json_body=document).status == 200
    traffic.recorded(proxy, traffic.send(proxy, "GET", "/orders/_search", tenant="acme"))
    for _ in range(40):
        traffic.send(proxy, "GET", "/logs/_search")
    eventually(lambda: directives(proxy)["broad"]["tripped"], what="the broad one is tripped")
    assert directives(proxy)["broad"]["tripped"]["reason"].startswith("instance over budget: ")
    assert directives(proxy)["acme"]["tripped"] is None
    traffic.not_recorded(proxy, traffic.send(proxy, "GET", "/logs/_search"))
    traffic.recorded(proxy, traffic.send(proxy, "GET", "/orders/_search", tenant="acme"))
