"""JSON log lines: each record in a file or on standard output, across a rotation and a full disk."""

import json
import signal
from pathlib import Path

from echo_upstream import EchoUpstream

from parts import eventually

DOCUMENT = json.dumps({"directives": [{"id": "all", "level": "Shape", "ttl_secs": 600}]})


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def start(start_proxy, tmp_path, upstream, log):
    directives = tmp_path / "directives.json"
    directives.write_text(DOCUMENT)
    arguments = ["--directives-file", str(directives), "--record-log", str(log)]
    return start_proxy(upstream=upstream.url, arguments=arguments)


def test_each_record_is_a_line_also_after_the_file_was_rotated(start_proxy, tmp_path, traffic):
    log, rotated = tmp_path / "records.ndjson", tmp_path / "records.ndjson.1"
    with EchoUpstream() as upstream:
        proxy = start(start_proxy, tmp_path, upstream, log)
        first = traffic.send(proxy, "GET", "/orders/_search", tenant="acme")
        eventually(lambda: len(lines(log)) == 1, what="a line")
        assert lines(log) == [traffic.recorded(proxy, first)]
        assert log.stat().st_mode & 0o137 == 0

        log.rename(rotated)
        proxy.process.send_signal(signal.SIGHUP)
        eventually(log.exists, what="a new file")
        second = traffic.send(proxy, "GET", "/orders/_search")
        eventually(lambda: len(lines(log)) == 1, what="a line in the new file")
    assert [line["request_id"] for line in lines(rotated)] == [first]
    assert [line["request_id"] for line in lines(log)] == [second]
    assert proxy.metrics()['osproxy_output_records_total{output="log"}'] == 2


def test_a_full_disk_stops_lines_but_not_traffic(start_proxy, tmp_path, traffic):
    with EchoUpstream() as upstream:
        proxy = start(start_proxy, tmp_path, upstream, "/dev/full")
        for _ in range(3):
            traffic.recorded(proxy, traffic.send(proxy, "GET", "/orders/_search"))
        told = "records are not written to /dev/full: No space left on device"
        eventually(lambda: told in proxy.log(), what="the reason in the log")
        assert proxy.status()["records"]["log"]["kept"] == 0
        assert proxy.status()["records"]["log"]["held"] == 3
        assert proxy.log().count(told) == 1
