"""Filters that are evaluated when a request ends: one request is recorded, its neighbour is not."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from parts import Ctl, eventually

ALL = {"id": "d1", "level": "Shape", "ttl_secs": 600}


class _Handler(BaseHTTPRequestHandler):
    """Responds with the status that the path names, and to /slow once the test allows it."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        name = self.path.rsplit("/", 1)[-1]
        if name == "slow":
            self.server.arrived.set()
            self.server.go_on.wait(60)
        body = self.headers.get("X-Response", "{}").encode()
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(int(name) if name.isdigit() else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_HEAD = do_POST = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture
def upstream():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.arrived, server.go_on = threading.Event(), threading.Event()
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.go_on.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def proxy(start_proxy, upstream):
    return start_proxy(upstream=upstream.url, workers=1)


def publish(proxy, **fields):
    reply = proxy.admin("POST", "/admin/directives", json_body={"directives": [{**ALL, **fields}]})
    assert reply.status == 200, reply.body


def test_only_a_request_that_is_slow_enough_is_recorded(proxy, upstream, traffic):
    # An hour: no request of this test is that slow on any machine.
    publish(proxy, min_latency_ms=3_600_000)
    traffic.not_recorded(proxy, traffic.send(proxy, "GET", "/slow-enough"))

    publish(proxy, min_latency_ms=300, level="ShapeTiming")
    ids = []
    sender = threading.Thread(target=lambda: ids.append(traffic.send(proxy, "GET", "/slow")))
    sender.start()
    assert upstream.arrived.wait(60)
    assert not threading.Event().wait(0.4)  # slow by what the test does, not by chance
    upstream.go_on.set()
    sender.join(60)
    record = traffic.recorded(proxy, ids[0])
    assert record["directives"] == ["d1"]
    assert record["times"]["total_us"] >= 300_000


def test_only_a_request_with_the_status_is_recorded(proxy, traffic):
    publish(proxy, status="5xx")
    failed = traffic.send(proxy, "GET", "/503")
    fine = traffic.send(proxy, "GET", "/200")
    assert traffic.recorded(proxy, failed)["status"] == 503
    traffic.not_recorded(proxy, fine)

    publish(proxy, status="429")
    too_many = traffic.send(proxy, "GET", "/429")
    other = traffic.send(proxy, "GET", "/404")
    assert traffic.recorded(proxy, too_many)["status"] == 429
    traffic.not_recorded(proxy, other)


def test_only_a_body_of_the_shape_is_recorded(proxy, traffic):
    def shape_of(body: str) -> str:
        """The hash that `osproxyctl shape` prints for a search."""
        done = Ctl()("shape", "-", "--output", "json", stdin=body)
        assert done.status == 0, done.err
        return done.json()["shape"]

    term = '{"query":{"term":{"status":"%s"}}}'
    publish(proxy, shape=shape_of(term % "open"))
    open_ = traffic.send(proxy, "POST", "/orders/_search", body=term % "open")
    closed = traffic.send(proxy, "POST", "/orders/_search", body=term % "closed and more")
    other = traffic.send(proxy, "POST", "/orders/_search", body='{"query":{"term":{"state":"open"}}}')
    none = traffic.send(proxy, "POST", "/orders/_search")
    record = traffic.recorded(proxy, open_)
    assert record["level"] == "Shape" and "body" not in record
    assert record["shape"] == traffic.recorded(proxy, closed)["shape"]
    assert record["shape"] == shape_of(term % "x")
    traffic.not_recorded(proxy, other)
    traffic.not_recorded(proxy, none)
    why = proxy.admin("GET", f"/admin/why/{other}").json()["directives"][0]["reasons"]
    assert [reason["reason"] for reason in why] == ["shape_differs"]
    assert shape_of('{"query":{"term":{"state":"x"}}}') in why[0]["text"]


def test_only_a_bulk_with_enough_failed_items_is_recorded(proxy, traffic):
    publish(proxy, min_failed_items=2, endpoint="IngestBulk")

    def bulk(failed: int, query: str = "") -> str:
        items = [{"index": {"status": 400 if n < failed else 201}} for n in range(3)]
        body = json.dumps({"took": 1, "errors": failed > 0, "items": items})
        return traffic.send(proxy, "POST", f"/orders/_bulk{query}", headers={"X-Response": body},
                            body='{"index":{}}\n{}\n')  # fmt: skip

    assert traffic.recorded(proxy, bulk(2))["response"]["failed_items"] == 2
    traffic.recorded(proxy, bulk(3))
    one = bulk(1)
    traffic.not_recorded(proxy, one)
    traffic.not_recorded(proxy, bulk(3, "?filter_path=items.*.error"))  # their number is not known
    why = proxy.admin("GET", f"/admin/why/{one}").json()["directives"][0]["reasons"]
    assert why == [{"reason": "too_few_failed_items", "text": "fewer than 2 failed items: 1"}]


def test_the_first_requests_are_recorded_up_to_max_records(proxy, traffic):
    publish(proxy, max_records=2)
    ids = [traffic.send(proxy, "GET", "/orders/_search") for _ in range(3)]
    assert traffic.recorded(proxy, ids[0])["status"] == 200
    traffic.recorded(proxy, ids[1])
    traffic.not_recorded(proxy, ids[2])
    eventually(lambda: proxy.status()["directives"][0]["recorded"] == 2)


def test_max_records_counts_only_requests_that_match_the_filters(proxy, traffic):
    publish(proxy, max_records=1, status="5xx")
    fine = traffic.send(proxy, "GET", "/200")
    failed = traffic.send(proxy, "GET", "/500")
    again = traffic.send(proxy, "GET", "/500")
    traffic.recorded(proxy, failed)
    traffic.not_recorded(proxy, fine)
    traffic.not_recorded(proxy, again)
