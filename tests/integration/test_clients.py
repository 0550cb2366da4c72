"""Clients: in the records of two proxies, as targets of directives, and behind a balancer."""

import json
import socket

import pytest
from echo_upstream import EchoUpstream

from parts import eventually

EVERYTHING = {"id": "all", "level": "Shape", "ttl_secs": 600}
V2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x08\xc0\0\x02\x01\x12\x67\x23\xf0"


@pytest.fixture
def upstream():
    with EchoUpstream() as echo:
        yield echo


@pytest.fixture
def recording(start_proxy, upstream, tmp_path):
    """Starts a proxy with these flags that records each request."""

    def start(*flags, **directive):
        document = tmp_path / "directives.json"
        document.write_text(json.dumps({"directives": [{**EVERYTHING, **directive}]}))
        arguments = ["--directives-file", str(document), *flags]
        return start_proxy(upstream=upstream.url, arguments=arguments)

    return start


def record_of(proxy, request_id):
    return eventually(lambda: proxy.explain(request_id), what=f"a record of {request_id}")


def client_of(proxy, **headers):
    """The client in the record of one request with these headers."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    reply = proxy.request("GET", "/x", headers=sent)
    return record_of(proxy, reply.headers["X-Request-Id"])["client"]


def raw_request(proxy, first_bytes, request_id):
    """Sends a request after `first_bytes`; returns what comes back, empty if that is nothing."""
    request = f"GET /x HTTP/1.1\r\nHost: h\r\nX-Request-Id: {request_id}\r\nConnection: close\r\n\r\n"
    host, _, port = proxy.address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        received = b""
        try:
            connection.sendall(first_bytes + request.encode())
            while piece := connection.recv(65536):
                received += piece
        except ConnectionError:
            pass
        return received


def test_both_proxies_record_address_agent_and_opaque_id(fleet, traffic, index):
    fleet.put(EVERYTHING)
    headers = {"User-Agent": "opensearch-py/2.4 (secret)", "X-Opaque-Id": "nightly report"}
    for proxy in fleet:
        request_id = traffic.send(proxy, "GET", f"/{index}/_count", headers=headers)
        record = traffic.recorded(proxy, request_id)
        assert record["client"] == {
            "address": "127.0.0.1", "agent": "opensearch-py/2.4", "opaque_id": "nightly report",
        }  # fmt: skip
        assert "secret" not in json.dumps(record)
        why = json.loads(proxy.admin("GET", f"/admin/why/{request_id}").body)
        assert why["client"] == record["client"]


def test_a_directive_selects_by_client_agent_and_opaque_id(fleet, traffic, index):
    on = ["on", "--level", "Shape", "--ttl", "10m", "--output", "json"]
    for directive in (["here", "--client", "127.0.0.0/8", "--agent", "curl"],
                      ["elsewhere", "--client", "10.0.0.0/8"],
                      ["job", "--opaque-id", "job 7", "--agent", "curl/8.0"]):  # fmt: skip
        published = fleet.ctl(*on, "--id", *directive)
    fleet.wait_for(published.json()["revision"])
    for proxy in fleet:
        curl = traffic.send(proxy, "GET", f"/{index}/_count", headers={"User-Agent": "curl/8.1"})
        job = traffic.send(proxy, "GET", f"/{index}/_count",
                           headers={"User-Agent": "curl/8.0", "X-Opaque-Id": "job 7"})  # fmt: skip
        other = traffic.send(proxy, "GET", f"/{index}/_count", headers={"User-Agent": "curly/8.0"})
        assert traffic.recorded(proxy, curl)["directives"] == ["here"]
        assert traffic.recorded(proxy, job)["directives"] == ["here", "job"]
        traffic.not_recorded(proxy, other)
        why = json.loads(proxy.admin("GET", f"/admin/why/{other}").body)
        reasons = {d["id"]: [r["reason"] for r in d["reasons"]] for d in why["directives"]}
        assert reasons == {
            "here": ["agent_differs"],
            "elsewhere": ["client_differs"],
            "job": ["agent_differs", "opaque_id_differs"],
        }


def test_only_a_trusted_proxy_is_believed(recording):
    stranger = recording()
    assert client_of(stranger, X_Forwarded_For="192.0.2.9")["address"] == "127.0.0.1"
    assert client_of(stranger, Forwarded="for=192.0.2.9")["address"] == "127.0.0.1"


def test_a_trusted_proxy_names_the_client(recording):
    proxy = recording("--trusted-proxies", "127.0.0.1")
    assert client_of(proxy, X_Forwarded_For="198.51.100.1, 192.0.2.9")["address"] == "192.0.2.9"
    assert client_of(proxy, Forwarded='for="[2001:DB8::9]:80"')["address"] == "2001:db8::9"
    both = {"X_Forwarded_For": "192.0.2.9", "Forwarded": "for=unknown"}
    assert client_of(proxy, **both)["address"] == "127.0.0.1"
    assert client_of(proxy)["address"] == "127.0.0.1"


def test_a_directive_selects_clients_that_a_proxy_names(recording):
    proxy = recording("--trusted-proxies", "127.0.0.1", client="192.0.2.0/24")
    assert client_of(proxy, X_Forwarded_For="192.0.2.9")["address"] == "192.0.2.9"
    reply = proxy.request("GET", "/x", headers={"X-Forwarded-For": "198.51.100.1"})
    proxy.settle()
    assert proxy.explain(reply.headers["X-Request-Id"]) is None


@pytest.mark.parametrize(
    ("header", "address"),
    [
        (b"PROXY TCP4 192.0.2.7 192.0.2.1 4711 9200\r\n", "192.0.2.7"),
        (b"PROXY TCP6 2001:db8::7 ::1 4711 9200\r\n", "2001:db8::7"),
        (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
        (V2, "192.0.2.8"),
        (b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", "127.0.0.1"),
    ],
)
def test_the_proxy_protocol_names_the_client(recording, header, address):
    proxy = recording("--proxy-protocol", "required", "--trusted-proxies", "127.0.0.0/8")
    assert raw_request(proxy, header, "r-1").startswith(b"HTTP/1.1 200")
    assert record_of(proxy, "r-1")["client"]["address"] == address


def test_a_connection_without_a_valid_header_is_closed_and_counted(recording):
    proxy = recording("--proxy-protocol", "required", "--trusted-proxies", "127.0.0.0/8")
    assert raw_request(proxy, b"", "r-1") == b""
    assert raw_request(proxy, b"PROXY TCP4 192.0.2.7\r\n", "r-2") == b""
    metrics = proxy.admin("GET", "/metrics").body.decode()
    assert 'osproxy_proxy_protocol_refused_total{reason="malformed"} 2' in metrics


def test_a_header_from_a_stranger_is_refused(recording):
    proxy = recording("--proxy-protocol", "required", "--trusted-proxies", "192.0.2.0/24")
    assert raw_request(proxy, V2, "r-1") == b""
    metrics = proxy.admin("GET", "/metrics").body.decode()
    assert 'osproxy_proxy_protocol_refused_total{reason="untrusted"}' in metrics
    assert 'osproxy_proxy_protocol_refused_total{reason="untrusted"} 0' not in metrics


def test_fields_that_are_not_kept_are_nowhere(recording):
    proxy = recording("--client-fields", "address", opaque_id="canary-7f3a9")
    headers = {"User-Agent": "canary-7f3a9/1.0", "X-Opaque-Id": "canary-7f3a9"}
    reply = proxy.request("GET", "/x", headers=headers)
    request_id = reply.headers["X-Request-Id"]
    record = record_of(proxy, request_id)
    assert record["client"] == {"address": "127.0.0.1", "agent": None, "opaque_id": None}
    why = proxy.admin("GET", f"/admin/why/{request_id}").body.decode()
    for text in (json.dumps(record), why, proxy.admin("GET", "/metrics").body.decode(), proxy.log()):
        assert "canary-7f3a9" not in text
