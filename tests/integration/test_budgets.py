"""A directive over its budget is thinned out alone, and every surface shows it."""

import contextlib
import json
import socket

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


def test_thinning_out_is_shown_everywhere(start_proxy, upstream, own_etcd, traffic):
    proxy = start_proxy(upstream=upstream.url, etcd=own_etcd, key=KEY,
                        arguments=("--instance", "proxy-1", *BUDGET))  # fmt: skip
    ctl = Ctl.of_etcd(own_etcd, KEY)
    own_etcd.put(KEY, json.dumps({"directives": [ALL, ACME]}))
    eventually(lambda: set(directives(proxy)) == {"broad", "acme"})

    sent = [traffic.send(proxy, "GET", "/orders/_search") for _ in range(40)]
    eventually(lambda: directives(proxy)["broad"]["thinned"])
    proxy.settle()
    shown = directives(proxy)["broad"]
    assert shown["recorded"] >= 5
    assert shown["recorded"] + shown["refused"] >= len(sent)
    reason = shown["thinned"]["reason"]
    assert reason.startswith("over budget: ") and reason.endswith(" records/s, budget 1")
    assert directives(proxy)["acme"]["thinned"] is None
    assert shown["tripped"] is None  # nothing is ever switched off

    # The other directive keeps recording, and no client notices.
    record = traffic.recorded(proxy, traffic.send(proxy, "GET", "/orders/_search", tenant="acme"))
    assert record["directives"] == ["acme"]
    others = [traffic.send(proxy, "GET", "/orders/_search") for _ in range(20)]
    proxy.settle()
    assert any(proxy.explain(request_id) is None for request_id in others)

    metrics = proxy.metrics()
    assert metrics["osproxy_directives_thinned"] == 1
    assert metrics["osproxy_records_refused_total"] == directives(proxy)["broad"]["refused"]
    by_directive = 'osproxy_directive_records_refused_total{directive="broad"}'
    assert metrics[by_directive] == directives(proxy)["broad"]["refused"]

    def acked():
        (member,) = ctl("fleet", "-o", "json").json()["instances"]
        return member["ack"]["thinned"]

    (in_ack,) = eventually(acked, what="the ack names the directive")
    assert in_ack.pop("refused") > 0
    assert in_ack == {"id": "broad", **shown["thinned"]}
    line = f"thinned: broad at proxy-1 since {shown['thinned']['since'][:19]}Z: {reason}\n"
    assert line in ctl("list").out
    assert line in ctl("fleet").out
    assert ctl("list", "-o", "json").json()["thinned"] == [{**in_ack, "instance": "proxy-1"}]
    assert reason in Ctl.of_admin(proxy)("status").out
    assert f"directive broad is thinned out: {reason}" in proxy.log()

    own_etcd.put(KEY, json.dumps({"directives": [{**ALL, "index": "logs"}, ACME]}))
    eventually(lambda: directives(proxy)["broad"]["thinned"] is None)
    traffic.recorded(proxy, traffic.send(proxy, "GET", "/logs/_search"))
    eventually(lambda: acked() == [])


def test_the_instance_budget_thins_the_busiest_directive_out(start_proxy, upstream, traffic):
    proxy = start_proxy(
        upstream=upstream.url,
        arguments=("--directive-budget", "0", "--instance-budget", "2", "--instance-burst", "9"),
    )
    document = {"directives": [{**ALL, "index": "logs"}, ACME]}
    assert proxy.admin("POST", "/admin/directives", json_body=document).status == 200
    traffic.recorded(proxy, traffic.send(proxy, "GET", "/orders/_search", tenant="acme"))

    def is_thinned():
        for _ in range(40):
            traffic.send(proxy, "GET", "/logs/_search")
        return directives(proxy)["broad"]["thinned"]

    notice = eventually(is_thinned, what="the broad one is thinned out")
    assert notice["reason"].startswith("instance over budget: ")
    assert directives(proxy)["acme"]["thinned"] is None
    traffic.recorded(proxy, traffic.send(proxy, "GET", "/orders/_search", tenant="acme"))


def test_refused_requests_leave_room_for_others(start_proxy, upstream, traffic):
    """Requests that never reach a node take half of the bucket at most: anybody can send them."""
    proxy = start_proxy(upstream=upstream.url, arguments=("--directive-budget", "1", "--directive-burst", "8"))
    assert proxy.admin("POST", "/admin/directives", json_body={"directives": [ALL]}).status == 200
    for _ in range(30):
        with contextlib.closing(socket.create_connection(proxy.address.split(":"), 5)) as client:
            client.sendall(b"\0\r\n\r\n")
            assert client.recv(4096).startswith(b"HTTP/1.1 400")
    eventually(lambda: directives(proxy)["broad"]["refused"] > 0)
    traffic.recorded(proxy, traffic.send(proxy, "GET", "/orders/_search"))
