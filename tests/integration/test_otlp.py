"""Spans as a real OpenTelemetry collector receives them."""

import json
from datetime import datetime, timezone

import pytest
from echo_upstream import EchoUpstream

from parts import Authority, OtelCollector, attributes, eventually

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CLIENT_SPAN = "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{CLIENT_SPAN}-01"
PROTOCOLS = ["grpc", "http/protobuf"]
SERVER, CLIENT = 2, 3
ERROR = 2


@pytest.fixture(scope="session")
def collector(session_dir):
    with OtelCollector(session_dir) as part:
        yield part


@pytest.fixture
def own_collector(tmp_path):
    """A collector that the test may stop."""
    with OtelCollector(tmp_path, "own-otelcol") as part:
        yield part


@pytest.fixture
def start_exporting(start_proxy, tmp_path):
    """Starts a proxy that records everything at `level` and exports it."""

    def start(collector, protocol="grpc", level="ShapeRewriteDiff", *, upstream, delay="20ms", arguments=(),
              **options):  # fmt: skip
        directives = tmp_path / "directives.json"
        directive = {"id": "all", "level": level, "ttl_secs": 600}
        directives.write_text(json.dumps({"directives": [directive]}))
        url = collector.grpc_url if protocol == "grpc" else collector.http_url
        return start_proxy(
            upstream=upstream,
            arguments=["--directives-file", str(directives), "--otlp-endpoint", url,
                       "--otlp-protocol", protocol, "--otlp-delay", delay, *arguments],
            **options,
        )  # fmt: skip

    return start


def spans_of(collector, request_id: str) -> tuple[dict, dict | None]:
    """Waits for the SERVER span of a request; returns it and its child, the CLIENT span."""

    def find():
        spans = collector.spans()
        mine = [s for s in spans if attributes(s).get("osproxy.request_id") == request_id]
        assert len(mine) <= 1
        if not mine:
            return None
        return mine[0], *[s for s in spans if s.get("parentSpanId") == mine[0]["spanId"]]

    found = eventually(find, what=f"the spans of {request_id}")
    return found if len(found) == 2 else (found[0], None)


def nanos(rfc3339: str) -> int:
    moment = datetime.fromisoformat(rfc3339).astimezone(timezone.utc)
    return int(moment.timestamp() * 1000) * 1_000_000


def present(**fields) -> dict:
    """The attributes that have a value; `__` in a name stands for a dot."""
    return {k.replace("__", "."): v for k, v in fields.items() if v is not None}


def expected_server(record: dict) -> dict:
    agent, _, version = (record["client"]["agent"] or "").partition("/")
    times = {f"osproxy.times.{k}": v for k, v in record.get("times", {}).items() if v is not None}
    return times | present(
        http__request__method=record["method"],
        http__response__status_code=record["status"],
        http__request__body__size=record["request_bytes"],
        http__response__body__size=record["response_bytes"],
        network__protocol__name="http",
        network__protocol__version=record["protocol"].removeprefix("HTTP/"),
        url__scheme="https" if record["tls"] else "http",
        osproxy__request_id=record["request_id"],
        osproxy__level=record["level"],
        osproxy__directives=record["directives"],
        osproxy__endpoint=record["endpoint"],
        osproxy__index=record["index"],
        osproxy__tenant=record["tenant"],
        osproxy__principal=record["principal"],
        osproxy__principal_verified=record["principal_verified"],
        client__address=record["client"]["address"],
        user_agent__name=agent or None,
        user_agent__version=version or None,
        osproxy__client__opaque_id=record["client"]["opaque_id"],
        osproxy__shape=record["shape"],
    )


def expected_client(record: dict, operation: str) -> dict:
    host, port = record["upstream"].split(":")
    response = {}
    for name, value in record["response"].items():
        if name == "shards":
            response |= {f"osproxy.response.shards.{k}": v for k, v in value.items() if v is not None}
        elif name == "items_by_action":
            response |= {f"osproxy.response.{name}.{k}": v for k, v in (value or {}).items()}
        elif value is not None:
            text = json.dumps(value, separators=(",", ":")) if isinstance(value, list) else value
            response[f"osproxy.response.{name}"] = text
    return response | present(
        db__system__name="opensearch",
        db__operation__name=operation,
        db__collection__name=record["index"],
        db__response__status_code=str(record["status"]),
        http__request__method=record["method"],
        http__response__status_code=record["status"],
        server__address=host,
        server__port=int(port),
        network__protocol__version="1.1",
        osproxy__connection_reused=record["connection_reused"],
    )


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("level", ["Shape", "ShapeTiming", "ShapeRewriteDiff"])
def test_spans_agree_with_the_record(
    start_exporting, collector, traffic, opensearch, index, protocol, level
):
    proxy = start_exporting(collector, protocol, level, upstream=opensearch.url)
    request_id = traffic.send(
        proxy, "POST", f"/{index}/_search?size=1", tenant="acme",
        json_body={"query": {"match_all": {}}},
        headers={"traceparent": TRACEPARENT, "tracestate": "a=1",
                 "Authorization": "Basic c3ZjOnNlY3JldA=="},
    )  # fmt: skip
    record = traffic.recorded(proxy, request_id)
    server, client = spans_of(collector, request_id)

    assert record["trace_id"] == server["traceId"] == client["traceId"] == TRACE
    assert record["span_id"] == server["spanId"] == client["parentSpanId"]
    assert record["parent_span_id"] == server["parentSpanId"] == CLIENT_SPAN
    assert record["upstream_span_id"] == client["spanId"]
    assert (server["name"], server["kind"]) == ("POST Search", SERVER)
    assert (client["name"], client["kind"]) == ("search", CLIENT)
    assert server["status"] == client["status"] == {}

    begin, end = (int(server[f"{which}TimeUnixNano"]) for which in ("start", "end"))
    assert begin // 1_000_000 * 1_000_000 == nanos(record["started"])
    assert begin <= int(client["startTimeUnixNano"]) < int(client["endTimeUnixNano"]) <= end
    if level != "Shape":
        assert (end - begin) // 1000 == record["times"]["total_us"]

    said = attributes(server)
    if level == "ShapeRewriteDiff":
        assert json.loads(said.pop("osproxy.rewrite")) == record["rewrite"]
        assert json.loads(said.pop("osproxy.body")) == record["body"]
    assert said == expected_server(record)
    assert attributes(client) == expected_client(record, "search")


def test_the_resource_names_the_instance_and_the_variables(
    start_exporting, own_collector, traffic
):
    with EchoUpstream() as upstream:
        proxy = start_exporting(
            own_collector, upstream=upstream.url, arguments=["--instance", "edge-1"],
            env={"OTEL_SERVICE_NAME": "search-edge", "OTEL_RESOURCE_ATTRIBUTES": "zone=a%2Cb"},
        )  # fmt: skip
        spans_of(own_collector, traffic.send(proxy, "GET", "/"))
    [resource] = own_collector.resources()
    version = resource.pop("service.version")
    assert version == proxy.status()["version"]
    assert resource == {
        "service.name": "search-edge", "service.instance.id": "edge-1", "zone": "a,b",
    }  # fmt: skip


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_collector_that_was_down_gets_the_spans_afterwards(
    start_exporting, own_collector, traffic, protocol
):
    own_collector.kill()
    with EchoUpstream() as upstream:
        proxy = start_exporting(own_collector, protocol, upstream=upstream.url)
        request_id = traffic.send(proxy, "GET", "/")
        eventually(lambda: proxy.metrics()["osproxy_otlp_retries_total"] > 0, what="a retry")
        assert proxy.metrics()["osproxy_otlp_failing"] == 1
        eventually(lambda: "spans cannot be exported" in proxy.log(), what="a line in the log")
        later = traffic.send(proxy, "GET", "/")
        own_collector.start()
        server, client = spans_of(own_collector, request_id)
        assert client["parentSpanId"] == server["spanId"]
        spans_of(own_collector, later)
        eventually(lambda: proxy.metrics()["osproxy_otlp_spans_exported_total"] == 4, what="a count")
        metrics = proxy.metrics()
    assert metrics["osproxy_otlp_failing"] == 0
    assert not any(v for k, v in metrics.items() if k.startswith("osproxy_otlp_spans_dropped"))


def test_the_node_gets_the_client_span_as_its_parent(start_exporting, collector, traffic):
    with EchoUpstream() as upstream:
        proxy = start_exporting(collector, level="Shape", upstream=upstream.url)
        request_id = traffic.send(
            proxy, "GET", "/a/_search", headers={"traceparent": TRACEPARENT, "tracestate": "x=1,y=2"}
        )
        told = upstream.last()
        server, client = spans_of(collector, request_id)
        assert told.header("traceparent") == f"00-{TRACE}-{client['spanId']}-01"
        assert told.header("tracestate") == "x=1,y=2"

        begun = traffic.send(proxy, "GET", "/a/_search")
        server, client = spans_of(collector, begun)
        assert upstream.last().header("traceparent") == f"00-{server['traceId']}-{client['spanId']}-01"
        assert server.get("parentSpanId", "") == ""

        traffic.send(proxy, "GET", "/a/_search", headers={"traceparent": "00-nonsense"})
        assert upstream.last().header("traceparent") == "00-nonsense"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_without_a_response_the_spans_give_the_reason(start_exporting, collector, traffic, protocol):
    proxy = start_exporting(collector, protocol, upstream="http://127.0.0.1:1")
    request_id = traffic.send(proxy, "GET", "/a/_search")
    server, client = spans_of(collector, request_id)
    assert client is None, "nothing was sent"
    assert server["status"]["code"] == ERROR
    assert attributes(server)["error.type"] == "upstream_unreachable"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_mutual_tls_with_compression(
    start_exporting, traffic, tmp_path, protocol
):
    ca, other = Authority(tmp_path, "ca"), Authority(tmp_path, "other")
    pair, ours = ca.issue("collector"), ca.issue("osproxy")
    with (
        OtelCollector(tmp_path, tls=pair, client_ca=ca.file) as collector,
        EchoUpstream() as upstream,
    ):
        trusting = ["--otlp-ca-file", str(ca.file), "--otlp-cert-file", str(ours.cert),
                    "--otlp-key-file", str(ours.key), "--otlp-compression", "gzip"]  # fmt: skip
        proxy = start_exporting(collector, protocol, upstream=upstream.url, arguments=trusting)
        spans_of(collector, traffic.send(proxy, "GET", "/"))

        # TLS is verified: with another CA no span leaves the proxy.
        wrong = [*trusting[2:], "--otlp-ca-file", str(other.file)]
        stranger = start_exporting(
            collector, protocol, name="stranger", upstream=upstream.url, arguments=wrong
        )
        before = len(collector.spans())
        traffic.send(stranger, "GET", "/")
        eventually(lambda: stranger.metrics()["osproxy_otlp_retries_total"] > 0, what="a retry")
        assert len(collector.spans()) == before


def test_waiting_spans_are_exported_when_osproxy_stops(start_exporting, collector, traffic):
    with EchoUpstream() as upstream:
        proxy = start_exporting(
            collector, upstream=upstream.url, delay="1h"
        )
        request_id = traffic.send(proxy, "GET", "/")
        assert proxy.stop() == 0
    spans_of(collector, request_id)


def test_spans_that_a_collector_refuses_are_counted_as_dropped(start_exporting, tmp_path, traffic):
    with EchoUpstream() as upstream, OtelCollector(tmp_path, "wrong-path") as collector:
        collector.http_url += "/elsewhere"
        proxy = start_exporting(collector, "http/protobuf", upstream=upstream.url)
        traffic.send(proxy, "GET", "/")
        name = 'osproxy_otlp_spans_dropped_total{reason="refused"}'
        eventually(lambda: proxy.metrics()[name] == 2, what="a count")
        eventually(lambda: "status 404" in proxy.log(), what="a line in the log")


CANARY = "canary7f3a"


def test_no_value_of_a_client_gets_into_a_span(start_exporting, own_collector, traffic):
    with EchoUpstream() as upstream:
        proxy = start_exporting(own_collector, upstream=upstream.url)
        request_id = traffic.send(
            proxy, "POST", f"/orders/_search?q={CANARY}",
            json_body={"query": {"term": {"name": {"value": CANARY}}}, f"{CANARY}@x.org": 1},
            headers={"tracestate": f"a={CANARY}", "X-Other": CANARY, CANARY: "1",
                     "traceparent": f"00-{CANARY}", "Authorization": f"Bearer {CANARY}",
                     "Cookie": CANARY, "User-Agent": f"client/1.0 ({CANARY})"},
        )  # fmt: skip
        spans_of(own_collector, request_id)
    assert CANARY not in json.dumps(own_collector.spans())
