"""The container image: what is in it, and how osproxy runs in a container of it."""

import json
import re
import signal
import socket
import stat
import threading
import uuid

import pytest
from echo_upstream import EchoUpstream

from parts import Authority, Etcd, OpenSearch, eventually, request
from parts.container import Container

MAX_COMPRESSED_BYTES = 60_000_000
NOT_READY = 1  # exit codes of osproxyctl health
UNREACHABLE = 5


@pytest.fixture
def upstream():
    with EchoUpstream() as part:
        yield part


class SlowNode:
    """A node whose response to a client ends when the test says so."""

    def __init__(self):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.began, self.finish = threading.Event(), threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            connection, _ = self._socket.accept()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            piece = connection.recv(4096)
            if not piece:
                return
            head += piece
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n1234")
        if b"/slow" in head:
            self.began.set()
            self.finish.wait(60)
        connection.sendall(b"5678")
        connection.close()


def test_it_is_small(image):
    assert 5_000_000 < image.compressed_bytes() <= MAX_COMPRESSED_BYTES


def test_it_has_no_program_but_the_two(image):
    programs = [
        path.relative_to(image.root).as_posix() for path in image.root.rglob("*")
        if path.is_file() and not path.is_symlink() and path.stat().st_mode & 0o111
        and ".so" not in path.name
    ]  # fmt: skip
    assert sorted(programs) == ["usr/bin/osproxy", "usr/bin/osproxyctl"]


def test_no_file_is_open_to_others_or_gives_privileges(image):
    for path in image.root.rglob("*"):
        mode = path.lstat().st_mode
        if path.is_symlink() or path == image.root / "tmp":
            continue
        assert not mode & (stat.S_ISUID | stat.S_ISGID | stat.S_IWOTH), path


def test_scanners_and_lawyers_find_the_packages(image):
    packages = {path.name for path in (image.root / "var/lib/dpkg/status.d").iterdir()}
    assert {"libc6", "libssl3", "libgrpc++1.51", "ca-certificates"} <= packages
    for package in packages:
        status = (image.root / "var/lib/dpkg/status.d" / package).read_text()
        assert re.search(r"^Version: \d", status, re.M), package
        assert (image.root / "usr/share/doc" / package / "copyright").exists(), package


def test_it_runs_without_root_and_without_privileges(start, upstream):
    container = start(upstream=upstream.url)
    status = dict(
        line.split(":\t", 1)
        for line in open(f"/proc/{container.pid()}/status").read().splitlines()
        if ":\t" in line
    )
    assert status["Uid"].split() == ["65532"] * 4
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert status["NSpid"].split()[-1] == "1"
    assert container.exec("/bin/sh", "-c", "true").returncode != 0
    assert request("GET", container.url + "/orders/_search").status == 200


def test_a_random_uid_suffices(start, upstream):
    container = start(upstream=upstream.url, user="1000680000:0")
    assert container.health().returncode == 0
    assert request("GET", container.url + "/orders/_search").status == 200


def test_the_health_check_tells(start, upstream, tmp_path):
    container = start(upstream=upstream.url, arguments=["--drain-delay", "60s"])
    assert container.health().returncode == 0
    elsewhere = start("elsewhere", upstream=upstream.url,
                      env={"OSPROXYCTL_ADMIN": "http://127.0.0.1:1"})  # fmt: skip
    assert elsewhere.health().returncode == UNREACHABLE
    container.send(signal.SIGTERM)
    stopping = eventually(lambda: (h := container.health()).returncode and h, what="not ready")
    assert stopping.returncode == NOT_READY, stopping.stderr
    assert "not ready" in stopping.stderr
    container.send(signal.SIGTERM)  # ends the delay


def test_sigterm_drains(start):
    node = SlowNode()
    container = start(upstream=node.url)
    replies = []
    client = threading.Thread(
        target=lambda: replies.append(request("GET", container.url + "/slow")), daemon=True
    )
    client.start()
    assert node.began.wait(30)
    container.send(signal.SIGTERM)
    eventually(lambda: "stopping" in container.log(), what="osproxy stops")
    assert container.alive()
    node.finish.set()
    client.join(30)
    assert [reply.body for reply in replies] == [b"12345678"]
    assert container.process.wait(30) == 0


def test_sigterm_ends_a_start_that_waits(image, tmp_path, upstream):
    blackhole = socket.create_server(("127.0.0.1", 0))  # accepts, and says nothing
    endpoint = f"127.0.0.1:{blackhole.getsockname()[1]}"
    container = Container(tmp_path, image, upstream=upstream.url, arguments=[
        "--etcd-endpoints", endpoint, "--etcd-connect-timeout", "5m"])  # fmt: skip
    container.launch()
    blackhole.settimeout(60)
    connection, _ = blackhole.accept()
    container.send(signal.SIGTERM)
    assert container.process.wait(30) == 0, container.log()
    connection.close()


def test_names_and_the_systems_cas_work(start, tmp_path):
    pair = Authority(tmp_path, "unknown").issue("node")
    with EchoUpstream(tls=pair) as node:
        port = node.url.rpartition(":")[2]
        container = start(upstream=f"https://localhost:{port}")
        reply = request("GET", container.url + "/")
    assert reply.status == 502
    assert reply.json()["error"]["type"] == "upstream_tls", reply.body


def test_a_fleet_of_containers_records_what_a_directive_selects(start, tmp_path):
    key = f"test/{uuid.uuid4().hex}/directives"
    with Etcd(tmp_path) as etcd, OpenSearch(tmp_path) as opensearch:
        etcd_arguments = ["--etcd-endpoints", etcd.endpoint, "--etcd-key", key]
        one, two = (
            start(name, upstream=opensearch.url, arguments=[*etcd_arguments, "--instance", name])
            for name in ("one", "two")
        )
        ctl = ("/usr/bin/osproxyctl", "--admin", one.admin_url)
        on = one.exec(*ctl, "on", "--tenant", "acme", "--level", "Shape", "--ttl", "10m",
                      "--id", "acme-1")  # fmt: skip
        assert on.returncode == 0, on.stderr
        request("PUT", two.url + "/orders/_doc/1?refresh=true", json_body={"number": 1})
        for tenant in ("acme", "other"):
            headers = {"X-Request-Id": f"by-{tenant}", "X-Tenant-Id": tenant}
            reply = request("POST", two.url + "/orders/_search", headers=headers,
                            json_body={"query": {"match_all": {}}})  # fmt: skip
            assert reply.status == 200 and reply.json()["hits"]["total"]["value"] == 1
        record = eventually(lambda: _explain(two, "by-acme"), what="a record of by-acme")
        assert (record["directives"], record["tenant"]) == (["acme-1"], "acme")
        # The flight recorder keeps a slow request, without a directive.
        other = _explain(two, "by-other")
        assert other is None or other["directives"] == []


def _explain(container: Container, request_id: str) -> dict | None:
    done = container.exec("/usr/bin/osproxyctl", "explain", request_id, "--output", "json")
    return json.loads(done.stdout) if done.returncode == 0 else None
