"""Every request has an id that the client, the proxy and OpenSearch all know it by."""

import http.client
import re

import pytest
from echo_upstream import EchoUpstream


@pytest.fixture
def upstream():
    with EchoUpstream() as echo:
        yield echo


@pytest.fixture
def proxy(start_proxy, upstream):
    return start_proxy(upstream=upstream.url)


def test_a_clients_id_is_kept_echoed_and_forwarded(proxy, upstream):
    reply = proxy.request("GET", "/x", headers={"X-Request-Id": "my-id.1:2_3"})
    assert reply.headers["X-Request-Id"] == "my-id.1:2_3"
    assert upstream.last().header("X-Request-Id") == "my-id.1:2_3"


def test_a_request_without_an_id_gets_one(proxy, upstream):
    ids = set()
    for _ in range(3):
        request_id = proxy.request("GET", "/x").headers["X-Request-Id"]
        assert re.fullmatch("[0-9a-f]{32}", request_id)
        assert upstream.last().header("X-Request-Id") == request_id
        ids.add(request_id)
    assert len(ids) == 3


@pytest.mark.parametrize("bad", ["with space", "semi;colon", "a" * 129, "<script>", "é", ""])
def test_a_malformed_id_is_replaced(proxy, upstream, bad):
    reply = proxy.request("GET", "/x", headers={"X-Request-Id": bad.encode()})
    assert re.fullmatch("[0-9a-f]{32}", reply.headers["X-Request-Id"])
    assert upstream.last().header("X-Request-Id") == reply.headers["X-Request-Id"]


def test_the_id_becomes_the_opaque_id_if_the_client_sent_none(proxy, upstream):
    proxy.request("GET", "/x", headers={"X-Request-Id": "abc"})
    assert upstream.last().header("X-Opaque-Id") == "abc"


def test_a_clients_opaque_id_is_left_alone(proxy, upstream):
    proxy.request("GET", "/x", headers={"X-Request-Id": "abc", "X-Opaque-Id": "mine"})
    assert upstream.last().header("X-Opaque-Id") == "mine"


def test_the_client_gets_back_only_an_opaque_id_that_it_sent(fleet):
    ours = fleet.a.request("GET", "/", headers={"X-Request-Id": "abc"})
    assert "X-Opaque-Id" not in ours.headers
    its_own = fleet.a.request("GET", "/", headers={"X-Opaque-Id": "mine"})
    assert its_own.headers["X-Opaque-Id"] == "mine"


@pytest.mark.parametrize("escape", ["%3Clogs-%7Bnow%2Fd%7D%3E", "%3clogs-%7bnow%2fd%7d%3e"])
def test_the_target_reaches_the_node_byte_for_byte(proxy, upstream, escape):
    target = f"/{escape}/_doc/a%2Fb+c%20d?q=x%3A1+2&pretty&filter_path=a,b"
    plain = http.client.HTTPConnection(proxy.address, timeout=30)  # urllib3 would normalise it
    plain.request("GET", target)
    assert plain.getresponse().status == 200
    plain.close()
    assert upstream.last().target == target
