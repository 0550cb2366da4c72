"""A client that leaves ends its search on a real OpenSearch, and its record says so at once."""

import json
import socket
import struct
import uuid

import pytest

from parts import eventually
from test_truth import Cluster, node  # noqa: F401 (a fixture)

#: Each document takes the node about a millisecond, so that the search takes most of a minute.
SLOW_SCRIPT = "long sum = 0; for (int i = 0; i < 900000; i++) { sum += i; } return sum > 0"
DOCUMENTS = 50_000
#: Painless allows a million rounds of a loop.
SLOW_SEARCH = json.dumps({"size": 0, "query": {"script": {"script": {"source": SLOW_SCRIPT}}}})


def start_search(cluster: Cluster, request_id: str, **more: str) -> socket.socket:
    """`more`: headers in place of the usual ones, with _ for -; an empty one is not sent."""
    headers = {
        "Host": "proxy", "Content-Type": "application/json", "X-Request-Id": request_id,
        "X-Opaque-Id": request_id, "Content-Length": len(SLOW_SEARCH), **cluster.headers,
        **{name.replace("_", "-"): value for name, value in more.items()},
    }  # fmt: skip
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value)
    host, port = cluster.proxy.address.split(":")
    client = socket.create_connection((host, int(port)))
    client.sendall(f"POST /{cluster.index}/_search HTTP/1.1\r\n{head}\r\n{SLOW_SEARCH}".encode())
    return client


def is_running(cluster: Cluster, request_id: str) -> bool:
    reply, _ = cluster.send("GET", "/_tasks?actions=indices:data/read/search*&detailed")
    return request_id in reply.body.decode()


def leave(client: socket.socket, how: str) -> None:
    if how == "reset":
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


@pytest.mark.parametrize("how", ["reset", "close"])
def test_a_search_ends_with_its_client(node, start_proxy, tmp_path, how):  # noqa: F811
    cluster = Cluster(node, start_proxy, tmp_path)
    cluster.fill(DOCUMENTS)
    request_id = f"gone-{uuid.uuid4().hex}"
    client = start_search(cluster, request_id)
    eventually(lambda: is_running(cluster, request_id), what="the search on the node")
    leave(client, how)
    record = eventually(lambda: cluster.proxy.explain(request_id), what="the record")
    assert record["error"] == "client_gone"
    eventually(lambda: not is_running(cluster, request_id), what="the end of the search")
    cluster.send("DELETE", f"/{cluster.index}")
