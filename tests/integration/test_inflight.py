"""Running requests are listed on a real OpenSearch, and the printed lines cancel them there."""

import json
import socket
import subprocess
import uuid

import pytest
from test_client_gone import DOCUMENTS, is_running, start_search
from test_truth import Cluster

from parts import Ctl, eventually


def inflight(cluster: Cluster, *arguments: str) -> str:
    done = Ctl.of_admin(cluster.proxy)("inflight", *arguments)
    assert done.status == 0, done.err
    return done.out


def run_line(line: str) -> str:
    """As a person's shell runs it."""
    return subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, timeout=60, check=True
    ).stdout


def response(client: socket.socket) -> bytes:
    """The first part of it, once it is there."""
    client.settimeout(120)
    with client:
        return client.recv(65536)


@pytest.fixture(params=["opensearch", "current_opensearch"])
def cluster(request, start_proxy, tmp_path):
    """Its proxy selects nothing that the tests send."""
    node = request.getfixturevalue(request.param)
    one = Cluster(node, start_proxy, tmp_path, {"tenant": "nobody"})
    one.fill(DOCUMENTS)
    yield one
    one.send("DELETE", f"/{one.index}")


def await_search(cluster: Cluster) -> tuple[list[str], dict]:
    """A running search: the lines below it, and its fields."""
    def rows():
        lines = inflight(cluster, "--index", cluster.index, "--endpoint", "Search").splitlines()
        return lines if len(lines) > 3 and "first_byte" in lines[2] else None

    lines = eventually(rows, what="the search in the list")
    listed = json.loads(inflight(cluster, "-o", "json", "--endpoint", "Search"))
    (found,) = listed["instances"][0]["inflight"]["requests"]
    return [line.strip() for line in lines[3:]], found


def test_a_running_search_is_listed_and_can_be_cancelled(cluster):
    request_id = f"running-{uuid.uuid4().hex}"
    client = start_search(cluster, request_id)
    eventually(lambda: is_running(cluster, request_id), what="the search on the node")
    lines, found = await_search(cluster)
    assert found["request_id"] == request_id
    assert found["index"] == cluster.index
    assert found["node"] == cluster.proxy.status()["upstreams"]["nodes"][0]["node"]
    assert found["age_us"] > 0 and found["request_bytes"] > 0 and found["response_bytes"] == 0
    if len(lines) == 1:
        run_line(lines[0])
    else:
        listed = run_line(lines[0]).splitlines()
        (task,) = [line.split()[0] for line in listed if request_id in line]
        run_line(lines[1].replace("TASK_ID", task))
    eventually(lambda: not is_running(cluster, request_id), what="the end of the search")
    assert b"cancelled" in response(client)


def test_the_line_of_an_id_that_osproxy_added_cancels_that_search(opensearch, start_proxy, tmp_path):
    cluster = Cluster(opensearch, start_proxy, tmp_path)
    cluster.fill(DOCUMENTS)
    request_id = f"added-{uuid.uuid4().hex}"
    client = start_search(cluster, request_id, X_Opaque_Id="")
    other = start_search(cluster, "other", X_Opaque_Id="")
    eventually(lambda: is_running(cluster, request_id), what="the search on the node")
    eventually(lambda: is_running(cluster, "other"), what="the other search on the node")
    rows = inflight(cluster, "--endpoint", "Search").splitlines()
    (place,) = [number for number, row in enumerate(rows) if row.endswith(f" {request_id}")]
    assert "xargs" in rows[place + 1]
    run_line(rows[place + 1].strip())
    assert b"cancelled" in response(client)
    assert b"HTTP/1.1 200 " in response(other)
    cluster.send("DELETE", f"/{cluster.index}")


def test_names_are_cleaned_and_values_are_never_listed(opensearch, start_proxy, tmp_path):
    cluster = Cluster(opensearch, start_proxy, tmp_path, {"tenant": "nobody"})
    cluster.fill(DOCUMENTS)
    client = start_search(cluster, "clean", X_Tenant_Id="ac\u202eme")
    eventually(lambda: is_running(cluster, "clean"), what="the search on the node")
    text, listed = inflight(cluster), inflight(cluster, "-o", "json")
    assert "ac?me" in text and "\u202e" not in text + listed
    for secret in ("painless", "sum += i", "900000"):
        assert secret not in text and secret not in listed
    client.close()
    eventually(lambda: not is_running(cluster, "clean"), what="the end of the search")
    cluster.send("DELETE", f"/{cluster.index}")
