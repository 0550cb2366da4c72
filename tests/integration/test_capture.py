"""Capture: whole exchanges in files, without credentials; a full disk stops capture but not traffic."""

import base64
import json
import resource
from pathlib import Path

from echo_upstream import EchoUpstream

from parts import Authority, Ctl, eventually

CANARY = "canary-7f3a9"
BASIC = base64.b64encode(f"ana:{CANARY}-password".encode()).decode()
SECRETS = {
    "Cookie": f"session={CANARY}-cookie",
    "Proxy-Authorization": f"Bearer {CANARY}-proxy",
    "X-Debug-Directive": f"{CANARY}-signed",
    "X-Our-Token": f"{CANARY}-ours",
}


def lines(spool: Path) -> list[dict]:
    files = sorted(spool.glob("capture-*.ndjson"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def start(start_proxy, tmp_path, upstream, *arguments):
    directives = tmp_path / "directives.json"
    directive = {"id": "all", "level": "Shape", "ttl_secs": 600, "capture": True}
    directives.write_text(json.dumps({"directives": [directive]}))
    return start_proxy(upstream=upstream.url,
                       arguments=["--directives-file", str(directives), *arguments])  # fmt: skip


def test_an_exchange_is_kept_whole_without_credentials(start_proxy, tmp_path, traffic):
    spool = tmp_path / "spool"
    with EchoUpstream() as upstream:
        proxy = start(start_proxy, tmp_path, upstream, "--capture-dir", str(spool),
                      "--capture-secret-headers", "X-Our-Token")  # fmt: skip
        for authorization in (f"Basic {BASIC}", f"Bearer {CANARY}-token"):
            request_id = traffic.send(proxy, "POST", "/orders/_search?q=literal", tenant="acme",
                                      headers={**SECRETS, "Authorization": authorization},
                                      json_body={"query": {"term": {"name": "Zoë"}}})  # fmt: skip
        eventually(lambda: len(lines(spool)) == 2, what="two lines")
        exchange = lines(spool)[1]
        assert exchange["request_id"] == request_id
        assert exchange["directives"] == ["all"]
        assert exchange["request"]["target"] == "/orders/_search?q=literal"
        assert json.loads(exchange["request"]["body"]) == {"query": {"term": {"name": "Zoë"}}}
        assert set(exchange["request"]["stripped"]) == {*SECRETS, "Authorization"}
        assert exchange["response"]["status"] == 200
        assert exchange["response"]["body"] == "{}"
        for file in spool.iterdir():
            assert file.stat().st_mode & 0o777 == 0o600
            assert CANARY not in file.read_text()
            assert BASIC not in file.read_text()
        assert proxy.status()["capture"]["state"] == "on"
        assert proxy.metrics()["osproxy_capture_exchanges_total"] == 2


def test_captured_requests_can_be_sent_again(start_proxy, tmp_path, traffic):
    spool = tmp_path / "spool"
    with EchoUpstream() as upstream:
        proxy = start(start_proxy, tmp_path, upstream, "--capture-dir", str(spool))
        search = b'{"query":{"term":{"name":"Zo\xc3\xab"}}}'
        traffic.send(proxy, "POST", "/orders/_search?q=a%2Fb", body=search,
                     headers={"Content-Type": "application/json"})  # fmt: skip
        traffic.send(proxy, "PUT", "/orders/_doc/1", body=b"{}")
        eventually(lambda: len(lines(spool)) == 2, what="two lines")
    (file,) = spool.glob("capture-*.ndjson")
    ca = Authority(tmp_path, "elsewhere")
    with EchoUpstream(tls=ca.issue("elsewhere")) as elsewhere:
        replay = ["replay", str(file), "--to", elsewhere.url]
        untrusted = Ctl()("capture", *replay)
        assert untrusted.status == 5
        assert "the server's certificate is not trusted" in untrusted.err
        replay += ["--ca-file", str(ca.file), "--header", "Authorization: Basic again"]
        done = Ctl()("capture", *replay)
        assert done.status == 0, done.err
        assert "1 sent, 1 with the captured status; 1 skipped" in done.out
        (seen,) = elsewhere.seen
        assert (seen.method, seen.target, seen.body) == (
            "POST", "/orders/_search?q=a%2Fb", search
        )  # fmt: skip
        assert seen.header("Authorization") == "Basic again"
        assert seen.header("Content-Type") == "application/json"
        assert Ctl()("capture", *replay, "--writes").status == 0
        assert [one.method for one in elsewhere.seen[1:]] == ["POST", "PUT"]


def test_a_full_disk_stops_capture_but_not_traffic(start_proxy, tmp_path, traffic):
    """A limit on the size of files (RLIMIT_FSIZE) stands for the full disk, as it needs no root."""
    spool = tmp_path / "spool"
    with EchoUpstream() as upstream:
        proxy = start(start_proxy, tmp_path, upstream, "--capture-dir", str(spool))
        _, hard = resource.prlimit(proxy.process.pid, resource.RLIMIT_FSIZE)
        large = "x" * 200_000
        resource.prlimit(proxy.process.pid, resource.RLIMIT_FSIZE, (100_000, hard))
        traffic.send(proxy, "POST", "/orders/_search", body=large)
        eventually(lambda: proxy.status()["capture"]["state"] == "stopped", what="the stop")
        eventually(lambda: "capture is stopped" in proxy.log(), what="a line in the log")
        assert proxy.status()["capture"]["reason"] == "File too large"
        assert proxy.metrics()["osproxy_capture_stopped"] == 1
        traffic.recorded(proxy, traffic.send(proxy, "GET", "/orders/_search"))
        eventually(lambda: proxy.status()["capture"]["dropped"] == 1, what="a count")
        assert lines(spool) == []

        resource.prlimit(proxy.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        eventually(lambda: proxy.status()["capture"]["state"] == "on", what="capture to go on")
        last = traffic.send(proxy, "GET", "/orders/_count")
        eventually(lambda: len(lines(spool)) == 2, what="the one that waited, and a new one")
        assert [line["request"]["body_bytes"] for line in lines(spool)] == [200_000, 0]
        assert lines(spool)[1]["request_id"] == last


def test_without_a_directory_a_capture_directive_gets_a_warning(start_proxy, tmp_path, traffic):
    with EchoUpstream() as upstream:
        proxy = start(start_proxy, tmp_path, upstream)
        traffic.recorded(proxy, traffic.send(proxy, "GET", "/orders/_search"))
        assert proxy.status()["capture"] == {
            "state": "off",
            "reason": "a directive asks for capture, and --capture-dir is not set",
        }
        eventually(lambda: "--capture-dir is not set" in proxy.log(), what="a line in the log")
