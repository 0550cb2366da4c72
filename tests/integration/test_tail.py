"""The live tail: new records over HTTP and in osproxyctl."""

import json
import re
import signal
import subprocess
import urllib.request

import pytest
from echo_upstream import EchoUpstream

from parts import eventually
from parts.proxy import program

DIRECTIVES = [
    {"id": "acme", "level": "ShapeTiming", "ttl_secs": 600, "tenant": "acme"},
    {"id": "all", "level": "Shape", "ttl_secs": 600},
]


@pytest.fixture
def upstream():
    with EchoUpstream() as part:
        yield part


@pytest.fixture
def pair(start_proxy, tmp_path, upstream):
    directives = tmp_path / "directives.json"
    directives.write_text(json.dumps({"directives": DIRECTIVES}))
    arguments = ["--directives-file", str(directives)]
    return [
        start_proxy(name, upstream=upstream.url, arguments=[*arguments, "--instance", name])
        for name in ("proxy-a", "proxy-b")
    ]


def readers(proxy) -> float:
    return proxy.metrics()["osproxy_tail_readers"]


class Tail:
    """`osproxyctl tail` in the background."""

    def __init__(self, proxies, *arguments):
        self.process = subprocess.Popen(
            [str(program("osproxyctl")), "tail", *arguments,
             "--admin", ",".join(proxy.admin_url for proxy in proxies)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        for proxy in proxies:
            eventually(lambda proxy=proxy: readers(proxy) == 1, what=f"{proxy.name} is read")

    def end(self, number=None):
        if number is not None:
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=60)
        return out.splitlines(), err.splitlines()


def test_the_tail_shows_both_instances_until_a_signal(pair, traffic):
    tail = Tail(pair, "acme")
    first = traffic.send(pair[0], "POST", "/orders/_search", tenant="acme")
    traffic.recorded(pair[0], traffic.send(pair[0], "GET", "/orders/_search", tenant="globex"))
    second = traffic.send(pair[1], "GET", "/orders/_count", tenant="acme")
    seen = [tail.process.stdout.readline().split() for _ in range(2)]
    lines = {words[2]: words for words in seen}
    assert lines[first][1:2] + lines[first][3:6] == ["proxy-a", "Search", "orders", "200"]
    assert lines[second][1:2] + lines[second][3:6] == ["proxy-b", "Count", "orders", "200"]
    out, err = tail.end(signal.SIGINT)
    assert len(out) == 1
    assert re.fullmatch(r"-- 2 shown, 2 matched, 0 dropped, \w+ left --", out[0])
    assert err == []
    assert tail.process.returncode == 0
    for proxy in pair:
        traffic.send(proxy, "GET", "/orders/_search")
        eventually(lambda proxy=proxy: readers(proxy) == 0, what=f"{proxy.name} is read no more")


def test_the_tail_continues_after_an_instance_restarts(pair, traffic):
    proxy = pair[0]
    tail = Tail([proxy], "--output", "json", "-n", "2")
    first = traffic.send(proxy, "GET", "/orders/_search")
    assert json.loads(tail.process.stdout.readline())["request_id"] == first
    assert proxy.stop() == 0
    proxy.start()
    eventually(lambda: readers(proxy) == 1, what="it is read again")
    second = traffic.send(proxy, "GET", "/orders/_search")
    out, err = tail.end()
    assert [json.loads(line)["request_id"] for line in out] == [second]
    assert err[0].startswith(f"{proxy.admin_url}: ") and err[0].endswith("; trying again")
    assert err[1:] == [f"{proxy.admin_url}: connected again", "-- 2 shown, 2 matched, 0 dropped --"]


def test_events_are_explain_documents_that_pass_the_filters(pair, traffic):
    proxy = pair[0]
    url = f"{proxy.admin_url}/admin/tail?tenant=acme&status=2xx&limit=1"
    with urllib.request.urlopen(url, timeout=60) as stream:
        assert stream.headers["Content-Type"] == "text/event-stream"
        assert stream.readline() == b"event: instance\n"
        traffic.send(proxy, "GET", "/orders/_search", tenant="globex")
        wanted = traffic.send(proxy, "GET", "/orders/_search", tenant="acme")
        lines = stream.read().decode().splitlines()
    assert lines[2] == "event: record"
    assert json.loads(lines[3].removeprefix("data: ")) == traffic.recorded(proxy, wanted)


def test_an_invalid_filter_is_named(pair):
    reply = pair[0].admin("GET", "/admin/tail?endpoint=Serach")
    assert reply.status == 400
    assert reply.json()["error"]["reason"].startswith("endpoint must be one of the twelve")
