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


def scrolls(ctl: Ctl, *arguments: str) -> list[dict]:
    done = ctl("inflight", "--scrolls", "-o", "json", *arguments)
    assert done.status == 0, done.err
    return [s for i in done.json()["instances"] for s in i["scrolls"]["scrolls"]]


@pytest.fixture(params=["opensearch", "current_opensearch"])
def scrolled(request, start_proxy):
    """A proxy with several workers in front of an index of nine documents."""
    node = request.getfixturevalue(request.param)
    proxy = start_proxy(upstream=node.url, workers=4)
    index = f"scrolled-{uuid.uuid4().hex}"
    for number in range(9):
        proxy.request("PUT", f"/{index}/_doc/{number}", json_body={"n": number})
    proxy.request("POST", f"/{index}/_refresh")
    yield proxy, index
    proxy.request("DELETE", f"/{index}")


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_a_scroll_is_listed_from_its_opening_to_its_end(scrolled, encoding):
    proxy, index = scrolled
    ctl = Ctl.of_admin(proxy)
    opener = {"X-Tenant-Id": "acme", "X-Opaque-Id": "export", "User-Agent": "exporter/3 (x)"}
    page = {"size": 2, "query": {"match_all": {}}}
    opened = proxy.request("POST", f"/{index}/_search?scroll=5m", json_body=page, headers=opener)
    scroll_id = opened.json()["_scroll_id"]
    (found,) = eventually(lambda: scrolls(ctl, "--index", index), what="the scroll")
    assert (found["kind"], found["continued"], found["keep_alive_ms"]) == ("scroll", 0, 300_000)
    assert found["opened"] is not None
    names = [found[name] for name in ("index", "tenant", "client", "agent", "opaque_id")]
    assert names == [index, "acme", "127.0.0.1", "exporter/3", "export"]

    following = {"scroll": "2m", "scroll_id": scroll_id}
    for pages in range(1, 5):  # on as many connections, and so on several workers
        reply = proxy.request("POST", "/_search/scroll", json_body=following,
                              headers={"Accept-Encoding": encoding})  # fmt: skip
        assert reply.status == 200
        eventually(
            lambda pages=pages: [s["continued"] for s in scrolls(ctl, "--tenant", "acme")]
            == [pages],
            what="another page",
        )
    (found,) = scrolls(ctl)
    assert found["keep_alive_ms"] == 120_000 and found["tenant"] == "acme"
    text = ctl("inflight", "--scrolls")
    assert text.out.startswith("1 open, 1 matched, 1 shown\n") and "exporter/3" in text.out
    assert scroll_id not in text.out + json.dumps(found), "an id gives access to data"

    assert proxy.request("DELETE", "/_search/scroll", json_body={"scroll_id": [scroll_id]}).status == 200
    eventually(lambda: scrolls(ctl) == [], what="the end of the scroll")


def test_a_point_in_time_is_listed_until_it_is_deleted_or_over(scrolled):
    proxy, index = scrolled
    ctl = Ctl.of_admin(proxy)
    at = f"/{index}/_search/point_in_time?keep_alive="
    pit = proxy.request("POST", at + "10m", headers={"X-Tenant-Id": "acme"}).json()["pit_id"]
    brief = proxy.request("POST", at + "3s", headers={"X-Tenant-Id": "brief"})
    assert brief.status == 200
    eventually(lambda: len(scrolls(ctl, "--tenant", "acme")) == 1, what="the point in time")
    body = {"size": 1, "pit": {"id": pit, "keep_alive": "10m"}}
    assert proxy.request("POST", "/_search", json_body=body).status == 200
    proxy.request("POST", "/_search", json_body={"size": 1})  # without one

    def used():
        (found,) = scrolls(ctl, "--index", index, "--tenant", "acme")
        return found["continued"] == 1 and found

    assert eventually(used, what="its use")["kind"] == "point_in_time"
    eventually(lambda: scrolls(ctl, "--tenant", "brief") == [], timeout=30, what="its end")
    proxy.request("DELETE", "/_search/point_in_time", json_body={"pit_id": [pit]})
    eventually(lambda: scrolls(ctl) == [], what="the end of all")
