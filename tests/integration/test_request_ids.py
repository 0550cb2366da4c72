"""Every request has an id that the client, the proxy and OpenSearch all know it by."""

import http.client
import json
import re
from pathlib import Path

import pytest
from echo_upstream import EchoUpstream
from opensearchpy import OpenSearch as Client

from parts import eventually, request

pytestmark = pytest.mark.each_opensearch


@pytest.fixture
def upstream():
    with EchoUpstream() as echo:
        yield echo


@pytest.fixture
def proxy(start_proxy, upstream):
    return start_proxy(upstream=upstream.url)


_BOTH = ("X-Request-Id", "X-Opaque-Id")


@pytest.fixture
def selecting_proxy(start_proxy, upstream, tmp_path):
    """A proxy with a directive that selects the tenant `acme`."""
    document = tmp_path / "directives.json"
    document.write_text(
        json.dumps({"directives": [{"id": "d", "level": "Shape", "ttl_secs": 600, "tenant": "acme"}]})
    )
    return start_proxy(upstream=upstream.url, arguments=["--directives-file", str(document)])


def test_a_clients_id_is_kept_echoed_and_forwarded(proxy, upstream):
    reply = proxy.request("GET", "/x", headers={"X-Request-Id": "my-id.1:2_3"})
    assert reply.headers["X-Request-Id"] == "my-id.1:2_3"
    assert upstream.last().header("X-Request-Id") == "my-id.1:2_3"


def test_a_request_that_no_directive_selects_gets_no_id(selecting_proxy, upstream):
    ids = set()
    for _ in range(3):
        request_id = selecting_proxy.request("GET", "/x").headers["X-Request-Id"]
        assert re.fullmatch("[0-9a-f]{32}", request_id)
        assert [upstream.last().header(name) for name in _BOTH] == [None, None]
        ids.add(request_id)
    assert len(ids) == 3


def test_a_selected_request_gets_both_ids(selecting_proxy, upstream):
    reply = selecting_proxy.request("GET", "/x", headers={"X-Tenant-Id": "acme"})
    sent = [upstream.last().header(name) for name in _BOTH]
    assert sent == [reply.headers["X-Request-Id"]] * 2


@pytest.mark.parametrize("policy", ["off", "all"])
def test_the_settings_say_which_requests_get_an_id(start_proxy, upstream, policy):
    flags = ["--opaque-id", policy, "--forward-request-id", policy]
    reply = start_proxy(upstream=upstream.url, arguments=flags).request("GET", "/x")
    expected = reply.headers["X-Request-Id"] if policy == "all" else None
    assert [upstream.last().header(name) for name in _BOTH] == [expected] * 2


@pytest.mark.parametrize("bad", ["with space", "semi;colon", "a" * 129, "<script>", "é", ""])
def test_a_malformed_id_is_replaced_if_it_is_selected(selecting_proxy, upstream, bad):
    headers = {"X-Request-Id": bad.encode()}
    reply = selecting_proxy.request("GET", "/x", headers=headers)
    assert re.fullmatch("[0-9a-f]{32}", reply.headers["X-Request-Id"])
    assert upstream.last().header("X-Request-Id") == bad.encode().decode("latin-1")
    reply = selecting_proxy.request("GET", "/x", headers={**headers, "X-Tenant-Id": "acme"})
    assert upstream.last().header("X-Request-Id") == reply.headers["X-Request-Id"]


def test_a_clients_opaque_id_is_left_alone(selecting_proxy, upstream):
    selecting_proxy.request("GET", "/x", headers={"X-Tenant-Id": "acme", "X-Opaque-Id": "mine"})
    assert upstream.last().header("X-Opaque-Id") == "mine"


def test_the_client_gets_back_only_an_opaque_id_that_it_sent(fleet):
    fleet.put({"id": "all", "level": "Shape", "ttl_secs": 600})
    ours = fleet.a.request("GET", "/", headers={"X-Request-Id": "abc"})
    assert "X-Opaque-Id" not in ours.headers
    its_own = fleet.a.request("GET", "/", headers={"X-Opaque-Id": "mine"})
    assert its_own.headers["X-Opaque-Id"] == "mine"


def _logged(opensearch, kind: str) -> str:
    """The text of OpenSearch's log files whose names have this word."""
    nodes = request("GET", f"{opensearch.url}/_nodes/settings").json()["nodes"].values()
    folders = [Path(node["settings"]["path"]["logs"]) for node in nodes]
    files = [file for folder in folders for file in sorted(folder.iterdir()) if file.is_file()]
    return "".join(file.read_text(errors="replace") for file in files if kind in file.name)


def test_a_selected_search_is_joined_with_the_slow_log(fleet, index, opensearch):
    Client(opensearch.url).indices.put_settings(
        index=index,
        body={"index.search.slowlog.threshold.query.trace": "0ms", "index.search.slowlog.level": "TRACE"},
    )  # fmt: skip
    fleet.put({"id": "i", "level": "Shape", "ttl_secs": 600, "index": index})
    selected = fleet.a.request("GET", f"/{index}/_search?q=number:1").headers["X-Request-Id"]
    other = fleet.a.request("GET", f"/_search?q={index}").headers["X-Request-Id"]
    eventually(lambda: selected in _logged(opensearch, "slowlog"), what="the slow log has the id")
    assert other not in _logged(opensearch, "slowlog")


def test_a_selected_request_is_joined_with_its_task(fleet, index):
    fleet.put({"id": "d", "level": "Shape", "ttl_secs": 600, "index": index})
    path = f"/{index}/_update_by_query?wait_for_completion=false&requests_per_second=1&scroll_size=1"
    reply = fleet.a.request("POST", path, json_body={"query": {"match_all": {}}})
    task = fleet.b.request("GET", f"/_tasks/{reply.json()['task']}").json()["task"]
    assert task["headers"]["X-Opaque-Id"] == reply.headers["X-Request-Id"]


def test_deprecated_calls_that_none_selects_leave_nothing_behind(fleet, opensearch, index):
    """Each value of X-Opaque-Id is kept by OpenSearch's de-duplication of deprecation messages."""
    fleet.put({"id": "other", "level": "Shape", "ttl_secs": 600, "index": "another"})
    ids = [fleet.a.request("GET", "/_cat/master").headers["X-Request-Id"] for _ in range(200)]
    eventually(lambda: "/_cat/master]" in _logged(opensearch, "deprecation"), what="it is logged")
    # OpenSearch logs a deprecation once for each X-Opaque-Id: here once in all.
    assert _logged(opensearch, "deprecation.log").count("[GET /_cat/master] is deprecated") == 1
    log = _logged(opensearch, "")
    assert not [request_id for request_id in ids if request_id in log]


@pytest.mark.parametrize("escape", ["%3Clogs-%7Bnow%2Fd%7D%3E", "%3clogs-%7bnow%2fd%7d%3e"])
def test_the_target_reaches_the_node_byte_for_byte(proxy, upstream, escape):
    target = f"/{escape}/_doc/a%2Fb+c%20d?q=x%3A1+2&pretty&filter_path=a,b"
    plain = http.client.HTTPConnection(proxy.address, timeout=30)  # urllib3 would normalise it
    plain.request("GET", target)
    assert plain.getresponse().status == 200
    plain.close()
    assert upstream.last().target == target
