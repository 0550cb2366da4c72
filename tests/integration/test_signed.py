"""A request with a signed directive is recorded, and OpenSearch never gets the directive."""

import os
import signal

import pytest
from echo_upstream import EchoUpstream
from parts import Ctl, eventually

HEADER = "X-Debug-Directive"
KEYS = ["0123456789abcdef" * 4, "fedcba9876543210" * 4]


@pytest.fixture
def upstream():
    with EchoUpstream() as server:
        yield server


@pytest.fixture
def key_file(tmp_path):
    path = tmp_path / "debug.key"
    path.write_text(KEYS[0] + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def proxy(start_proxy, upstream, key_file):
    return start_proxy(upstream=upstream.url, arguments=("--debug-key-file", str(key_file)))


@pytest.fixture
def sign(key_file):
    def run(*arguments: str) -> dict:
        done = Ctl()("sign", "--key-file", str(key_file), *arguments)
        assert done.status == 0, done.err
        name, _, value = done.out.strip().partition(": ")
        return {name: value}

    return run


def refused(proxy, reason: str) -> float:
    return proxy.metrics()[f'osproxy_signed_directives_refused_total{{reason="{reason}"}}']


def test_only_the_signed_request_is_recorded(proxy, upstream, traffic, sign):
    headers = sign("--level", "ShapeRewriteDiff", "--ttl", "5m", "--id", "INC-1", "--ring-buffer")
    assert list(headers) == [HEADER]
    request_id = traffic.send(proxy, "GET", "/orders/_search", headers=headers)
    record = traffic.recorded(proxy, request_id)
    assert record["directives"] == ["signed:INC-1"]
    assert record["level"] == "ShapeRewriteDiff"
    assert [r["request_id"] for r in proxy.breakglass()] == [request_id]
    traffic.not_recorded(proxy, traffic.send(proxy, "GET", "/orders/_search"))
    assert [seen for seen in upstream.seen if seen.header(HEADER)] == []
    assert proxy.metrics()["osproxy_signed_directives_accepted_total"] == 1


def test_a_refused_directive_changes_nothing_and_leaves_a_reason(proxy, upstream, traffic, sign):
    good = sign("--level", "Shape", "--ttl", "5m")[HEADER]
    canary = "canary-7f3a9"
    for value in (good[:-1] + ("0" if good[-1] != "0" else "1"), canary, "ab" * 2000):
        traffic.not_recorded(
            proxy, traffic.send(proxy, "GET", "/orders/_search", headers={HEADER: value})
        )
    for reason in ("bad_signature", "malformed", "too_long"):
        assert refused(proxy, reason) == 1
    eventually(lambda: "signed directives are refused: " in proxy.log())
    assert canary not in proxy.log()
    assert good[:40] not in proxy.log()
    assert [seen for seen in upstream.seen if seen.header(HEADER)] == []

    document = {"directives": [{"id": "all", "level": "Shape", "ttl_secs": 60}]}
    assert proxy.admin("POST", "/admin/directives", json_body=document).status == 200
    request_id = traffic.send(proxy, "GET", "/orders/_search", headers={HEADER: canary})
    record = traffic.recorded(proxy, request_id)
    assert record["directives"] == ["all"]
    assert record["signed_fault"] == "malformed"


def test_a_signed_directive_ends_on_time(proxy, traffic, sign):
    headers = sign("--level", "Shape", "--ttl", "5s")
    traffic.recorded(proxy, traffic.send(proxy, "GET", "/", headers=headers))

    def is_expired():
        traffic.send(proxy, "GET", "/", headers=headers)
        proxy.settle()
        return refused(proxy, "expired") > 0

    eventually(is_expired)
    traffic.not_recorded(proxy, traffic.send(proxy, "GET", "/", headers=headers))


def test_keys_are_rotated_by_a_reload(proxy, traffic, sign, key_file):
    old = sign("--level", "Shape", "--ttl", "5m")
    key_file.write_text(f"{KEYS[1]}\n{KEYS[0]}\n")
    new = sign("--level", "Shape", "--ttl", "5m")
    traffic.not_recorded(proxy, traffic.send(proxy, "GET", "/", headers=new))
    os.kill(proxy.pid, signal.SIGHUP)
    eventually(lambda: "2 debug keys" in proxy.log())
    for headers in (old, new):
        traffic.recorded(proxy, traffic.send(proxy, "GET", "/", headers=headers))

    key_file.write_text("short\n")
    os.kill(proxy.pid, signal.SIGHUP)
    eventually(lambda: "of the debug key file, line 1 has 5 bytes" in proxy.log())
    traffic.recorded(proxy, traffic.send(proxy, "GET", "/", headers=new))


def test_a_key_file_that_everybody_can_read_gets_a_warning(start_proxy, upstream, key_file):
    key_file.chmod(0o644)
    proxy = start_proxy(upstream=upstream.url, arguments=("--debug-key-file", str(key_file)))
    assert "can be read by everybody on this machine" in proxy.log()
