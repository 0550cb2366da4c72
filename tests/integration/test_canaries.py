"""No value of a client or of OpenSearch reaches a live output: tail, record log, spans at a collector.

test_records.py covers the outputs that every proxy has; this file covers those that are optional.
"""

import base64
import json
import urllib.request

import pytest

from parts import OtelCollector, attributes, eventually

pytestmark = pytest.mark.each_opensearch

CANARY = "canary-7f3a9"
BASIC = base64.b64encode(f"reporting:{CANARY}-password".encode()).decode()
HEADERS = {
    "X-Custom": f"{CANARY}-header",
    "Cookie": f"session={CANARY}-cookie",
    "User-Agent": f"client/1.0 ({CANARY}-agent) {CANARY}-product/2.0",
    "X-Debug-Directive": f"{CANARY}-signed",
    f"X-{CANARY}-Name": "1",
}


def send_canaries(proxy, traffic, index) -> list[str]:
    """Puts a canary in each place that a client can write; the GET returns those of the responses."""
    basic = {**HEADERS, "Authorization": f"Basic {BASIC}"}
    bearer = {**HEADERS, "Authorization": f"Bearer {CANARY}-token"}
    field = {f"{CANARY}-key": f"{CANARY}-value"}
    bulk = f'{{"index":{{"_id":"{CANARY}-id"}}}}\n{json.dumps(field)}\n'
    return [
        traffic.send(proxy, "PUT", f"/{index}/_doc/1?routing={CANARY}-routing", headers=basic,
                     json_body=field),
        traffic.send(proxy, "GET", f"/{index}/_doc/1?routing={CANARY}-routing", headers=bearer),
        traffic.send(proxy, "GET", f"/{index}/_search?q={CANARY}-query", headers=bearer),
        traffic.send(proxy, "POST", f"/{index}/_search", headers=bearer,
                     json_body={"query": {"term": {"a": f"{CANARY}-literal"}}}),
        traffic.send(proxy, "POST", f"/{index}/_search", headers=basic,
                     json_body={"query": {f"{CANARY}-type": {}}}),  # echoed in an error
        traffic.send(proxy, "POST", f"/{index}/_bulk", headers=basic, body=bulk),
        traffic.send(proxy, "POST", f"/{index}/_search", headers=bearer, body=f"{CANARY}-no-json"),
    ]  # fmt: skip


@pytest.mark.parametrize("level", ["Shape", "ShapeTiming", "ShapeRewriteDiff"])
def test_no_canary_reaches_the_tail_the_record_log_or_a_collector(
    start_proxy, tmp_path, traffic, opensearch, index, level
):
    directives, log = tmp_path / "directives.json", tmp_path / "records.ndjson"
    directive = {"id": "all", "level": level, "ttl_secs": 600, "index": index}
    directives.write_text(json.dumps({"directives": [directive]}))
    with OtelCollector(tmp_path) as collector:
        proxy = start_proxy(
            upstream=opensearch.url,
            arguments=["--directives-file", str(directives), "--record-log", str(log),
                       "--otlp-endpoint", collector.grpc_url, "--otlp-protocol", "grpc",
                       "--otlp-delay", "20ms"],
        )  # fmt: skip
        tail_url = f"{proxy.admin_url}/admin/tail?limit=7"
        with urllib.request.urlopen(tail_url, timeout=60) as stream:
            assert stream.readline() == b"event: instance\n"
            ids = send_canaries(proxy, traffic, index)
            tail = stream.read().decode()
        # The name of an index that no directive selects must not appear either.
        unselected = traffic.send(proxy, "GET", f"/{CANARY}-index/_search", headers=HEADERS)
        traffic.not_recorded(proxy, unselected)

        def seen_by_collector():
            return {attributes(s).get("osproxy.request_id") for s in collector.spans()}

        eventually(lambda: set(ids) <= seen_by_collector(), what="all spans")
        eventually(lambda: log.exists() and log.read_text().count("\n") == len(ids), what="lines")
        outputs = {
            "the tail": tail,
            "the record log": log.read_text(),
            "the collector": json.dumps(collector.resources()),
            "the process log": proxy.log(),
            "metrics": proxy.admin("GET", "/metrics").body.decode(),
            "status": proxy.admin("GET", "/admin/status").body.decode(),
        }
    assert all(request_id in tail for request_id in ids)
    for name, text in outputs.items():
        assert CANARY not in text, name
        assert BASIC not in text, name
