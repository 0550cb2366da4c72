"""The process copes with closed streams, a limit on the size of files, and empty variables."""

import os
import resource
import subprocess

from echo_upstream import EchoUpstream
from parts import eventually, program
from parts.process import free_port

UPSTREAM = "http://127.0.0.1:9"


def test_closed_streams_are_opened_on_dev_null():
    command = 'exec "$0" "$@" 0<&- 1>&- 2>&-'
    process = subprocess.Popen(
        ["sh", "-c", command, program("osproxy"), "--upstream", UPSTREAM,
         "--listen", f"127.0.0.1:{free_port()}", "--admin-listen", f"127.0.0.1:{free_port()}"],
    )  # fmt: skip
    try:
        descriptors = f"/proc/{process.pid}/fd"
        eventually(lambda: len(os.listdir(descriptors)) > 6, what="sockets")
        for descriptor in "012":
            assert os.readlink(f"{descriptors}/{descriptor}") == "/dev/null"
    finally:
        process.terminate()
        assert process.wait(30) == 0


def test_a_limit_on_the_size_of_files_stops_lines_but_not_traffic(start_proxy, tmp_path, traffic):
    directives, log = tmp_path / "directives.json", tmp_path / "records.ndjson"
    directives.write_text('{"directives":[{"id":"all","level":"Shape","ttl_secs":600}]}')
    with EchoUpstream() as upstream:
        arguments = ["--directives-file", str(directives), "--record-log", str(log)]
        proxy = start_proxy(upstream=upstream.url, arguments=arguments)
        resource.prlimit(proxy.process.pid, resource.RLIMIT_FSIZE, (2_000, 2_000))
        for _ in range(10):
            traffic.recorded(proxy, traffic.send(proxy, "GET", "/orders/_search"))
        eventually(lambda: "File too large" in proxy.log(), what="the reason in the log")
        assert proxy.process.poll() is None
        traffic.send(proxy, "GET", "/orders/_search")


def test_an_empty_variable_counts_as_unset(start_proxy):
    env = {"OSPROXY_WORKERS": "", "OSPROXY_ETCD_ENDPOINTS": "", "OSPROXY_INSTANCE": ""}
    proxy = start_proxy(upstream=UPSTREAM, env=env)
    assert proxy.status()["instance"]
