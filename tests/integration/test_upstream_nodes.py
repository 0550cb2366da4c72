"""A node that stops and comes back: every surface shows it, and no request fails."""

import pytest
from echo_upstream import EchoUpstream

from parts import Ctl, eventually
from parts.process import free_port


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def proxy(start_proxy, port):
    with EchoUpstream() as echo:
        yield start_proxy(
            upstream=[echo.url, f"http://127.0.0.1:{port}"],
            arguments=["--health-check-interval", "50ms"],
        )


def node(proxy, port) -> dict:
    (found,) = (
        n for n in proxy.status()["upstreams"]["nodes"] if n["node"] == f"127.0.0.1:{port}"
    )
    return found


def state(proxy, port) -> str:
    return node(proxy, port)["state"]


def healthy(proxy, port) -> float:
    page = proxy.admin("GET", "/metrics").body.decode()
    name = f'osproxy_upstream_healthy{{node="127.0.0.1:{port}"}} '
    (line,) = (line for line in page.splitlines() if line.startswith(name))
    return float(line.removeprefix(name))


def log_lines(proxy, port) -> list[str]:
    return [line for line in proxy.log().splitlines() if f"upstream 127.0.0.1:{port}" in line]


def test_status_metrics_and_log_follow_a_node(proxy, port):
    eventually(lambda: state(proxy, port) == "unhealthy", what="the node is unhealthy")
    assert node(proxy, port)["reason"] == "connect_refused"
    assert healthy(proxy, port) == 0
    assert "unhealthy" in Ctl.of_admin(proxy)("status").out
    for _ in range(10):
        assert proxy.request("POST", "/orders/_doc", body=b"{}").status == 200
    eventually(lambda: len(log_lines(proxy, port)) == 1, what="it is logged")
    assert "unhealthy: connect_refused" in log_lines(proxy, port)[0]

    with EchoUpstream(port) as back:
        eventually(lambda: state(proxy, port) == "healthy", what="the node is healthy")
        assert healthy(proxy, port) == 1

        def served() -> bool:
            assert proxy.request("POST", "/orders/_doc", body=b"{}").status == 200
            return len(back.seen) > 0

        eventually(served, what="traffic returns to the node")
        eventually(lambda: len(log_lines(proxy, port)) == 2, what="it is logged")
        assert "healthy again after" in log_lines(proxy, port)[1]
