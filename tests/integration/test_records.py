"""The content of a record, where it can be read, and the values that must never be in it."""

import base64

import pytest
from echo_upstream import EchoUpstream

from parts import eventually

pytestmark = pytest.mark.each_opensearch

ALL = {"id": "all", "level": "Shape", "ttl_secs": 600}


def test_a_search_is_recorded_with_its_shape(fleet, traffic, index, opensearch):
    fleet.put(ALL)
    body = {"query": {"match_all": {}}}
    request_id = traffic.send(
        fleet.a, "POST", f"/{index}/_search?size=1", tenant="acme", json_body=body,
        headers={"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                 "User-Agent": "curl/8.0"},
    )  # fmt: skip
    record = traffic.recorded(fleet.a, request_id)
    started = record.pop("started")
    assert started.startswith("20") and started.endswith("Z")
    assert record.pop("response_bytes") > 100
    assert record.pop("connection_reused") in (True, False)
    assert record.pop("response")["not_read"] is None
    assert record == {
        "request_id": request_id,
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "level": "Shape",
        "directives": ["all"],
        "endpoint": "Search",
        "method": "POST",
        "index": index,
        "tenant": "acme",
        "principal": None,
        "principal_verified": False,
        "client": {"address": "127.0.0.1", "agent": "curl/8.0", "opaque_id": None},
        "protocol": "HTTP/1.1",
        "tls": False,
        "body_indices": None,
        "shape": None,
        "request_bytes": len('{"query": {"match_all": {}}}'),
        "unacknowledged_bytes": None,
        "status": 200,
        "upstream": opensearch.url.removeprefix("http://"),
        "retries": 0,
        "error": None,
    }


def test_the_stages_of_a_search_add_up_to_its_total(fleet, traffic, index):
    fleet.put({**ALL, "level": "ShapeTiming"})
    times = traffic.recorded(fleet.a, traffic.search(fleet.a, index))["times"]
    total = times.pop("total_us")
    assert total == sum(us for us in times.values() if us is not None) > 0
    assert times["first_byte_us"] is not None


@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_a_search_is_recorded_with_facts_of_its_response(fleet, traffic, index, coding):
    fleet.put(ALL)
    request_id = traffic.send(
        fleet.a, "POST", f"/{index}/_search", json_body={"query": {"match_all": {}}},
        headers={"Accept-Encoding": coding},
    )  # fmt: skip
    response = traffic.recorded(fleet.a, request_id)["response"]
    assert response.pop("took_ms") >= 0
    assert response == {
        **dict.fromkeys(response),  # null
        "timed_out": False,
        "hits": 3,
        "hits_are_at_least": False,
        "shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0},
    }


def test_a_bulk_is_recorded_with_facts_of_its_response(fleet, traffic, index):
    fleet.put(ALL)
    lines = '{"create":{"_id":"new"}}\n{"a":1}\n' * 2 + '{"delete":{"_id":"none"}}\n'
    request_id = traffic.send(
        fleet.a, "POST", f"/{index}/_bulk", body=lines,
        headers={"Content-Type": "application/x-ndjson"},
    )  # fmt: skip
    response = traffic.recorded(fleet.a, request_id)["response"]
    assert (response["items"], response["failed_items"]) == (3, 2)


def test_a_search_is_recorded_with_rewrite_and_body_structure(fleet, traffic, index):
    fleet.put({**ALL, "level": "ShapeRewriteDiff"})
    request_id = traffic.send(
        fleet.a, "POST", f"/{index}/_search",
        json_body={"query": {"bool": {"filter": [{"term": {"status": "open"}}]}}},
    )  # fmt: skip
    record = traffic.recorded(fleet.a, request_id)
    (part,) = record["body"]["parts"]
    assert [field["path"] for field in part["fields"]] == [
        "", "query", "query.bool", "query.bool.filter", "query.bool.filter[]",
        "query.bool.filter[].term", "query.bool.filter[].term.status",
    ]  # fmt: skip
    assert "X-Opaque-Id" in record["rewrite"]["request"]["headers_added"]
    assert "X-Opaque-Id" in record["rewrite"]["response"]["headers_removed"]


def test_a_bulk_is_recorded_with_the_structure_of_each_kind_of_line(fleet, traffic, index):
    fleet.put({**ALL, "level": "ShapeRewriteDiff"})
    lines = '{"create":{"_id":"1"}}\n{"a":1}\n{"create":{}}\n{"a":2}\n{"delete":{"_id":"2"}}\n'
    request_id = traffic.send(
        fleet.a, "POST", f"/{index}/_bulk", body=lines,
        headers={"Content-Type": "application/x-ndjson"},
    )  # fmt: skip
    parts = traffic.recorded(fleet.a, request_id)["body"]["parts"]
    assert [(p["kind"], p["count"]) for p in parts] == [
        ("create", 2), ("create.source", 2), ("delete", 1),
    ]  # fmt: skip


def test_a_missing_record_is_a_404_with_the_reason(fleet):
    reply = fleet.a.admin("GET", "/debug/explain/never-seen")
    assert reply.status == 404
    assert reply.json()["error"]["reason"]


def test_only_ring_directives_fill_the_breakglass_ring(fleet, traffic, index):
    fleet.put(ALL, {**ALL, "id": "ring", "tenant": "acme", "ring_buffer": True})
    assert fleet.a.breakglass() == []
    not_in_ring = traffic.search(fleet.a, index, tenant="other")
    in_ring = [traffic.search(fleet.a, index, tenant="acme") for _ in range(3)]
    traffic.recorded(fleet.a, not_in_ring)
    eventually(lambda: len(fleet.a.breakglass()) == 3)
    assert [r["request_id"] for r in fleet.a.breakglass()] == in_ring[::-1]
    assert fleet.b.breakglass() == []


def test_the_ring_keeps_the_newest_when_it_is_full(start_proxy, opensearch, traffic, index):
    proxy = start_proxy(upstream=opensearch.url, workers=1, arguments=["--ring-records", "3"])
    document = {"directives": [{**ALL, "ring_buffer": True}]}
    assert proxy.admin("POST", "/admin/directives", json_body=document).status == 200
    ids = [traffic.search(proxy, index) for _ in range(5)]
    eventually(lambda: [r["request_id"] for r in proxy.breakglass()] == ids[:1:-1])


def test_status_counts_matched_and_recorded_requests(fleet, traffic, index):
    fleet.put({**ALL, "tenant": "acme", "status": "404"})
    traffic.search(fleet.a, index, tenant="acme")
    traffic.recorded(fleet.a, traffic.search(fleet.a, "no-such-index", tenant="acme"))

    def counts():
        (directive,) = fleet.a.status()["directives"]
        return directive["recorded"]

    eventually(lambda: counts() == 1)
    assert fleet.b.status()["directives"][0]["recorded"] == 0


CANARY = "canary-7f3a9"


@pytest.mark.parametrize("level", ["Shape", "ShapeTiming", "ShapeRewriteDiff"])
def test_no_value_of_a_client_or_of_opensearch_gets_out(fleet, traffic, index, level):
    """Puts unique strings in every place that a client can write, and searches every live output."""
    fleet.put({**ALL, "level": level, "ring_buffer": True})
    headers = {
        "X-Custom": f"{CANARY}-header",
        "Cookie": f"session={CANARY}-cookie",
        "User-Agent": f"client/1.0 ({CANARY}-agent) {CANARY}-product/2.0",
        "Referer": f"http://{CANARY}-referer/",
        f"X-{CANARY}-Name": "1",
        "Content-Type": "application/json",
    }
    ids = []
    for proxy in fleet:
        for authorization in (f"Bearer {CANARY}-token", f"ApiKey {CANARY}-key"):
            with_credentials = {**headers, "Authorization": authorization}
            ids += [
                (proxy, traffic.send(proxy, "PUT", f"/{index}/_doc/1?routing={CANARY}-routing",
                                     headers=with_credentials,
                                     json_body={f"{CANARY}-field": f"{CANARY}-value"})),
                (proxy, traffic.send(proxy, "GET", f"/{index}/_search?q={CANARY}-query",
                                     headers=with_credentials)),
                (proxy, traffic.send(proxy, "POST", f"/{index}/_search", headers=with_credentials,
                                     json_body={"query": {"match": {"a": f"{CANARY}-literal"}}})),
                # OpenSearch echoes this one in its error.
                (proxy, traffic.send(proxy, "POST", f"/{index}/_search", headers=with_credentials,
                                     json_body={"query": {f"{CANARY}-query-type": {}}})),
                (proxy, traffic.send(proxy, "POST", f"/{index}/_search", headers=with_credentials,
                                     body=f"{CANARY}-not-json")),
                (proxy, traffic.send(proxy, "POST", f"/{index}/_search", headers=with_credentials,
                                     json_body={"aggs": {f"{CANARY}-agg": {"terms": {
                                         "field": "a", "include": [f"{CANARY}-term"]}}}})),
                (proxy, traffic.send(proxy, "POST", f"/{index}/_bulk", headers=with_credentials,
                                     body=f'{{"index":{{"_id":"{CANARY}-id"}}}}\n'
                                          f'{{"seen":{{"{CANARY}@example.com":"{CANARY}"}}}}\n')),
                (proxy, traffic.send(proxy, "POST", "/_msearch", headers=with_credentials,
                                     body=f'{{"index":"{index}","preference":"{CANARY}"}}\n'
                                          f'{{"query":{{"term":{{"a":"{CANARY}"}}}}}}\n')),
                (proxy, traffic.send(proxy, "PUT", "/_scripts/sum", headers=with_credentials,
                                     json_body={f"{CANARY}": {"password": f"{CANARY}"}})),
            ]  # fmt: skip
        proxy.request("GET", f"/{index}/_doc/1", headers={"X-Request-Id": f"{CANARY} bad id"})
        proxy.request("GET", "/", headers={**headers, "traceparent": f"00-{CANARY}-00-01"})
    assert CANARY in fleet.a.request("GET", f"/{index}/_doc/1").body.decode()  # it was really there
    for proxy, request_id in ids:
        traffic.recorded(proxy, request_id)
    for proxy in fleet:
        assert_silent(proxy, [i for p, i in ids if p is proxy])


def test_a_basic_user_is_recorded_unverified_and_the_password_is_not(fleet, traffic, index):
    fleet.put({**ALL, "ring_buffer": True})
    basic = base64.b64encode(f"reporting:{CANARY}-password".encode()).decode()
    request_id = traffic.send(
        fleet.a, "GET", f"/{index}/_count", headers={"Authorization": f"Basic {basic}"}
    )
    record = traffic.recorded(fleet.a, request_id)
    assert record["principal"] in ("reporting", None)
    assert record["principal_verified"] is False
    assert_silent(fleet.a, [request_id], also=basic)


def assert_silent(proxy, request_ids, also=CANARY):
    outputs = {f"explain {i}": proxy.admin("GET", f"/debug/explain/{i}").body for i in request_ids}
    outputs |= {f"why {i}": proxy.admin("GET", f"/admin/why/{i}").body for i in request_ids}
    for path in ("/debug/breakglass", "/metrics", "/admin/status", "/admin/directives"):
        outputs[path] = proxy.admin("GET", path).body
    outputs["log"] = proxy.log().encode()
    for name, text in outputs.items():
        assert CANARY.encode() not in text, f"{name} of {proxy.name}"
        assert also.encode() not in text, f"{name} of {proxy.name}"


@pytest.mark.parametrize("name", ["x" * 2000, "a%0Ab", "a%1B%5B31m"])
def test_a_name_too_long_or_with_control_characters_is_not_recorded(
    start_proxy, traffic, name
):
    with EchoUpstream() as upstream:
        proxy = start_proxy(upstream=upstream.url)
        document = {"directives": [ALL]}
        assert proxy.admin("POST", "/admin/directives", json_body=document).status == 200
        tenant = {"tenant": "t" * 2000} if "%" not in name else {}
        request_id = traffic.send(proxy, "GET", f"/{name}/_search", **tenant)
        record = traffic.recorded(proxy, request_id)
        assert (record["index"], record["tenant"]) == (None, None)
        assert upstream.last().target == f"/{name}/_search"  # what passes is not changed by it
