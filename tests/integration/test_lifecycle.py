"""Start, reload and stop, as a service manager and a load balancer see them."""

import hashlib
import http.client
import re
import signal
import socket
import subprocess
import sys

import pytest
from echo_upstream import EchoUpstream

from parts import Proxy, eventually, program
from parts.process import free_port


@pytest.fixture
def upstream():
    with EchoUpstream() as echo:
        yield echo


#: No health checks, so that the upstream that holds a request gets nothing else.
NO_HEALTH_CHECKS = ["--health-check-path", ""]


class HeldUpstream:
    """An upstream that has a request and delays its response."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._connection = None

    def await_request(self):
        self._connection, _ = self._listener.accept()
        while b"\r\n\r\n" not in self._connection.recv(4096, socket.MSG_PEEK):
            pass

    def response(self):
        self._connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")

    def close(self):
        self._listener.close()
        if self._connection:
            self._connection.close()


@pytest.fixture
def held():
    upstream = HeldUpstream()
    yield upstream
    upstream.close()


def ends(process):
    return lambda: not process.alive()


def refuses_connections(proxy):
    host, port = proxy.address.split(":")
    try:
        socket.create_connection((host, int(port)), timeout=60).close()
    except ConnectionRefusedError:
        return True
    return False


def test_while_it_stops_it_serves_and_is_not_ready(start_proxy, upstream):
    proxy = start_proxy(upstream=upstream.url, arguments=["--drain-delay", "10m"])
    proxy.send(signal.SIGTERM)
    eventually(lambda: proxy.admin("GET", "/readyz").status == 503, what="/readyz fails")
    assert b'"stopping"' in proxy.admin("GET", "/readyz").body
    assert proxy.admin("GET", "/healthz").status == 200
    assert proxy.request("GET", "/still").status == 200
    proxy.send(signal.SIGTERM)  # once more: enough of that
    eventually(ends(proxy), what="it ends")
    assert proxy.process.returncode == 0


def test_a_request_in_flight_is_finished_before_the_end(start_proxy, held):
    proxy = start_proxy(upstream=held.url, arguments=NO_HEALTH_CHECKS)
    client = http.client.HTTPConnection(proxy.address, timeout=60)
    client.request("GET", "/slow")
    held.await_request()
    proxy.send(signal.SIGTERM)
    # Not by a request: one that it accepted just before would need a response too.
    eventually(lambda: "stopping: waiting for 1 client" in proxy.log(), what="it drains")
    eventually(lambda: refuses_connections(proxy), what="new connections are refused")
    assert proxy.alive()
    held.response()
    response = client.getresponse()
    assert response.read() == b"late"
    assert response.headers["Connection"] == "close"
    eventually(ends(proxy), what="it ends")
    assert proxy.process.returncode == 0


def test_a_request_that_is_not_done_in_time_is_aborted(start_proxy, held):
    arguments = ["--drain-timeout", "50ms", *NO_HEALTH_CHECKS]
    proxy = start_proxy(upstream=held.url, arguments=arguments)
    client = http.client.HTTPConnection(proxy.address, timeout=60)
    client.request("GET", "/slow")
    held.await_request()
    proxy.send(signal.SIGTERM)
    eventually(ends(proxy), what="it ends")
    assert proxy.process.returncode == 0
    assert "stopped with 1 client connections broken off" in proxy.log()


def token_line(principal, token):
    return f"{principal} {hashlib.sha256(token.encode()).hexdigest()}\n"


def principal_of(proxy, traffic, token):
    request_id = traffic.send(proxy, "GET", "/x", headers={"Authorization": f"Bearer {token}"})
    record = traffic.recorded(proxy, request_id)
    return record["principal"], record["principal_verified"]


def test_sighup_reloads_tokens_and_the_log_level(start_proxy, upstream, traffic, tmp_path):
    tokens, config = tmp_path / "tokens", tmp_path / "osproxy.toml"
    tokens.write_text(token_line("ana", "first-token"))
    tokens.chmod(0o600)
    config.write_text('log-level = "info"\n')
    proxy = start_proxy(
        upstream=upstream.url,
        arguments=["--known-tokens-file", str(tokens), "--config", str(config)],
    )
    document = {"directives": [{"id": "all", "level": "Shape", "ttl_secs": 60}]}
    assert proxy.admin("POST", "/admin/directives", json_body=document).status == 200
    assert principal_of(proxy, traffic, "first-token") == ("ana", True)
    assert principal_of(proxy, traffic, "second-token") == (None, False)

    def reload(result, count):
        proxy.send(signal.SIGHUP)
        sample = f'osproxy_reloads_total{{result="{result}"}}'
        eventually(lambda: proxy.metrics()[sample] == count, what=f"{sample} {count}")

    tokens.write_text(token_line("bob", "second-token"))
    reload("done", 1)
    assert principal_of(proxy, traffic, "second-token") == ("bob", True)
    assert principal_of(proxy, traffic, "first-token") == (None, False)

    tokens.write_text("bob second-token\n")
    reload("failed", 1)
    assert principal_of(proxy, traffic, "second-token") == ("bob", True)
    assert "not reloaded, all stays as it was" in proxy.log()
    assert "line 1 of the token file" in proxy.log()

    tokens.write_text("")
    config.write_text('log-level = "error"\n')
    reload("done", 2)
    reloaded = proxy.log().count("reloaded: ")
    reload("done", 3)
    assert proxy.log().count("reloaded: ") == reloaded, "info is not logged any more"
    assert "-token" not in proxy.log()


class NotifySocket:
    def __init__(self, path):
        self.path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.settimeout(60)

    def await_message(self, pattern):
        while not re.match(pattern, message := self._socket.recv(4096).decode()):
            assert message == "WATCHDOG=1", f"{message!r} instead of {pattern!r}"


def test_the_service_manager_gets_each_state(start_proxy, upstream, tmp_path):
    manager = NotifySocket(tmp_path / "notify")
    proxy = start_proxy(
        upstream=upstream.url, env={"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "20000000"}
    )
    manager.await_message("READY=1")
    manager.await_message("WATCHDOG=1")
    proxy.send(signal.SIGHUP)
    manager.await_message(r"RELOADING=1\nMONOTONIC_USEC=\d+\n")
    manager.await_message("READY=1")
    proxy.send(signal.SIGTERM)
    manager.await_message("STOPPING=1")


# Listens on the port in its first argument, and then executes the program in the others as systemd
# does: with the socket as descriptor 3.
_ACTIVATE = """
import os, socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.argv[2], sys.argv[2:])
"""


def test_it_serves_on_a_socket_that_systemd_hands_over(start_proxy, upstream, monkeypatch):
    port = free_port()
    plain = Proxy.command

    def command(proxy):
        return [sys.executable, "-c", _ACTIVATE, str(port), *plain(proxy)]

    monkeypatch.setattr(Proxy, "command", command)
    proxy = start_proxy(upstream=upstream.url, workers=3)
    for number in range(20):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("GET", f"/{number}")
        assert connection.getresponse().status == 200
        connection.close()
    assert refuses_connections(proxy), "--listen is not used"
    assert f"serves on 127.0.0.1:{port}" in proxy.log()


def test_with_too_few_descriptors_the_start_fails_with_advice():
    start = 'ulimit -n 400; exec "$0" --upstream http://127.0.0.1:9 --max-connections 1000'
    ended = subprocess.run(
        ["bash", "-c", start, program("osproxy")], capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 1
    assert "1000 client connections" in ended.stderr
    assert "this process may open 400: raise its limit" in ended.stderr


def test_forwarded_headers_name_the_client_if_configured(start_proxy, upstream):
    proxy = start_proxy(
        upstream=upstream.url, arguments=["--forwarded", "replace", "--x-forwarded", "add"]
    )
    sent = {"Forwarded": "for=evil", "X-Forwarded-For": "192.0.2.7", "Host": "search:1"}
    proxy.request("GET", "/a%2Fb?q=%7B", headers=sent)
    seen = upstream.last()
    assert seen.target == "/a%2Fb?q=%7B"
    assert seen.header("Forwarded") == 'for=127.0.0.1;host="search:1";proto=http'
    assert seen.header("X-Forwarded-For") == "192.0.2.7, 127.0.0.1"
    assert seen.header("X-Forwarded-Proto") == "http"
    assert seen.header("X-Forwarded-Host") == "search:1"


def test_a_body_over_the_limit_is_refused_in_opensearchs_shape(start_proxy, upstream):
    proxy = start_proxy(upstream=upstream.url, arguments=["--max-body", "1000"])
    assert proxy.request("POST", "/x", body=b"x" * 1000).status == 200
    reply = proxy.request("POST", "/x", body=b"x" * 1001)
    assert reply.status == 413
    assert reply.json()["error"]["type"] == "body_too_large"


def test_connections_in_the_accept_queue_are_served_before_the_end(start_proxy, upstream):
    proxy = start_proxy(upstream=upstream.url)
    proxy.send(signal.SIGSTOP)  # as a busy machine does
    clients = [http.client.HTTPConnection(proxy.address, timeout=60) for _ in range(20)]
    for number, client in enumerate(clients):
        client.request("POST", f"/{number}")
    proxy.send(signal.SIGTERM)
    proxy.send(signal.SIGCONT)
    for client in clients:
        response = client.getresponse()  # "close" only once the signal has been noticed
        assert response.status == 200
        response.read()
        client.close()
    eventually(ends(proxy), what="it ends")
    assert proxy.process.returncode == 0
