"""A node that cannot be reached: an error in OpenSearch's shape, and a record."""

import socket

import pytest
from opensearchpy import OpenSearch as Client
from opensearchpy.exceptions import TransportError

from parts import eventually
from parts.process import free_port


@pytest.fixture
def proxy(start_proxy):
    return start_proxy(upstream=f"http://127.0.0.1:{free_port()}")


def select_all(proxy, **fields):
    document = {"directives": [{"id": "all", "level": "Shape", "ttl_secs": 60, **fields}]}
    assert proxy.admin("POST", "/admin/directives", json_body=document).status == 200


def test_a_dead_node_is_a_502_in_opensearchs_shape(proxy):
    reply = proxy.request("GET", "/orders/_search", headers={"X-Request-Id": "gone"})
    assert reply.status == 502
    assert reply.headers["Content-Type"].startswith("application/json")
    assert reply.headers["X-Request-Id"] == "gone"
    body = reply.json()
    assert body["status"] == 502
    assert body["error"]["type"] and body["error"]["reason"]


def test_a_real_client_reads_type_and_status_of_the_error(proxy):
    with pytest.raises(TransportError) as caught:
        Client(proxy.url, max_retries=0).search(index="orders")
    assert caught.value.status_code == 502
    assert caught.value.error == proxy.request("GET", "/").json()["error"]["type"]


def test_the_failure_is_recorded_if_it_is_selected(proxy, traffic):
    traffic.not_recorded(proxy, traffic.search(proxy, "orders"))
    select_all(proxy)
    record = traffic.recorded(proxy, traffic.search(proxy, "orders", tenant="acme"))
    assert record["status"] == 502
    assert record["endpoint"] == "Search"
    assert record["tenant"] == "acme"
    assert record["error"]
    assert record["upstream"] is None


def test_a_large_body_to_a_dead_node_gets_a_502_too(proxy, traffic):
    select_all(proxy)
    request_id = traffic.send(proxy, "POST", "/_bulk", body=b"x" * (8 << 20))
    assert traffic.recorded(proxy, request_id)["status"] == 502


def test_a_body_that_was_not_forwarded_is_not_a_request(proxy):
    """Regression: the body of a request that could not be sent was parsed as the next request."""
    inner = b"GET / HTTP/1.1\r\nHost: x\r\nX-Request-Id: smuggled\r\n\r\n"
    outer = b"POST /orders/_doc HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(inner)
    last = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    responses = exchange_raw(proxy, outer + inner + last)
    assert responses.startswith(b"HTTP/1.1 502 ")
    assert b"smuggled" not in responses


def exchange_raw(proxy, sent: bytes) -> bytes:
    """Sends these bytes; returns every byte that arrives until the proxy closes the connection."""
    host, port = proxy.address.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as raw:
        raw.sendall(sent)
        received = b""
        while piece := raw.recv(65536):
            received += piece
    return received


def test_a_refused_request_is_recorded_if_it_is_selected(start_proxy, opensearch):
    """Two lengths are ambiguous: a 400 for the client, nothing for OpenSearch, and a record."""
    proxy = start_proxy(upstream=opensearch.url)
    select_all(proxy, ring_buffer=True)
    response = exchange_raw(
        proxy,
        b"POST /orders/_doc HTTP/1.1\r\nHost: x\r\n"
        b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    )
    assert response.startswith(b"HTTP/1.1 400 ")
    refused = eventually(proxy.breakglass)
    assert [(r["status"], r["upstream"]) for r in refused] == [(400, None)]
    assert refused[0]["error"]
