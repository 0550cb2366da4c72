"""The reasons why a request was recorded or not."""

import json
import uuid

from echo_upstream import EchoUpstream

from parts import Ctl, eventually


def document(*directives: dict) -> str:
    return json.dumps({"directives": directives})


ACME = {"id": "acme", "level": "Shape", "ttl_secs": 600, "tenant": "acme"}
SLOW = {"id": "slow", "level": "Shape", "ttl_secs": 600, "min_latency_ms": 60000}


def test_each_directive_gives_its_reason(start_proxy, tmp_path, traffic):
    with EchoUpstream() as upstream:
        other = start_proxy("other", upstream=upstream.url)
        proxy = start_proxy("proxy-1", upstream=upstream.url, arguments=["--instance", "proxy-1"])
        ctl = Ctl("--admin", f"{other.admin_url},{proxy.admin_url}")
        before = traffic.send(proxy, "GET", "/orders/_search", tenant="acme")
        assert proxy.admin("POST", "/admin/directives", body=document(ACME, SLOW)).status == 200
        acme = traffic.send(proxy, "GET", "/orders/_search", tenant="acme")
        globex = traffic.send(proxy, "GET", "/orders/_search", tenant="globex")
        traffic.recorded(proxy, acme)
        eventually(lambda: ctl("why", globex).status == 0, what="globex's request is remembered")

        lines = ctl("why", acme).out.splitlines()
        assert lines[0] == "recorded: acme"
        assert lines[1].startswith("not recorded: slow: faster than 1m: ")
        lines = ctl("why", globex).out.splitlines()
        assert lines[0] == "not recorded: acme: tenant differs: the request's is globex"

        # No directive was in force, and then the proxy does no work per request.
        assert ctl("why", before).status == 6
        assert "no directive was in force" in ctl("why", before).err

        # A later publish does not change the decision.
        assert proxy.admin("POST", "/admin/directives", body=document(SLOW)).status == 200
        response = ctl("why", acme, "--output", "json").json()
        assert (response["instance"], response["judged_by"]) == ("proxy-1", "its_set")
        assert [(d["id"], d["recorded"]) for d in response["directives"]] == [
            ("acme", True), ("slow", False),
        ]  # fmt: skip


def test_an_unknown_request_is_a_404(start_proxy):
    with EchoUpstream() as upstream:
        proxy = start_proxy(upstream=upstream.url)
        reply = proxy.admin("GET", f"/admin/why/{uuid.uuid4().hex}")
        assert reply.status == 404
        assert reply.json()["error"]["reason"].startswith("not seen here: another instance")
