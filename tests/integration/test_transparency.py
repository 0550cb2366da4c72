"""A real client gets the same responses with the proxy as without it."""

import hashlib
import json
import os
import subprocess
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from opensearchpy import OpenSearch as Client
from opensearchpy import helpers
from opensearchpy.exceptions import NotFoundError, RequestError

from parts import request
from parts.process import parts_dir

pytestmark = pytest.mark.each_opensearch


@pytest.fixture
def names():
    """A prefix for the index names of one test."""
    return f"t{uuid.uuid4().hex[:12]}"


@pytest.fixture
def direct(opensearch, names):
    client = Client(opensearch.url, timeout=120)
    yield client
    client.indices.delete(index=f"{names}*", ignore=404)


@pytest.fixture
def proxied(fleet):
    # Every request is recorded meanwhile, because recording must not change a response either.
    fleet.put({"id": "all", "level": "ShapeRewriteDiff", "ttl_secs": 600, "ring_buffer": True})
    return Client(fleet.a.url, timeout=120)


# Values that differ from call to call, with or without the proxy.
_VOLATILE = {
    "took", "_scroll_id", "_index", "_seq_no", "_version", "index", "index_uuid", "total_scanned"
}  # fmt: skip


def normal(response):
    if isinstance(response, dict):
        return {k: normal(v) for k, v in response.items() if k not in _VOLATILE}
    if isinstance(response, list):
        return [normal(item) for item in response]
    return response


def index_three(client, index):
    return [
        client.index(index=index, id=str(n), body={"n": n, "text": f"söme text {n}"}, refresh=True)
        for n in range(3)
    ]


def scrolled(client, index):
    """The pages of a scroll, without documents that were written after its start."""
    page = client.search(index=index, scroll="1m", size=20, body={"sort": ["n"]})
    client.index(index=index, id="late", body={"n": 0}, refresh=True)
    pages = []
    while page["hits"]["hits"]:
        pages.append([hit["_id"] for hit in page["hits"]["hits"]])
        page = client.scroll(body={"scroll_id": page["_scroll_id"], "scroll": "1m"})
    cleared = client.clear_scroll(body={"scroll_id": [page["_scroll_id"]]})
    client.delete(index=index, id="late", refresh=True)
    return pages, cleared


def points_in_time(client, index):
    """The pages of a point in time by search_after, without later writes."""
    pit = client.create_pit(index=index, params={"keep_alive": "1m"})["pit_id"]
    client.index(index=index, id="late", body={"n": 0}, refresh=True)
    pages, after = [], {}
    while True:
        query = {"size": 20, "sort": ["n"], "pit": {"id": pit, "keep_alive": "1m"}, **after}
        hits = client.search(body=query)["hits"]["hits"]
        if not hits:
            break
        pages.append([hit["_id"] for hit in hits])
        after = {"search_after": hits[-1]["sort"]}
    deleted = [p["successful"] for p in client.delete_pit(body={"pit_id": [pit]})["pits"]]
    client.delete(index=index, id="late", refresh=True)
    return pages, deleted


def everyday_calls(client, index):
    """Makes the calls that every application makes; yields the name and the response of each."""
    yield (
        "create",
        client.indices.create(
            index=index, body={"settings": {"number_of_shards": 1, "number_of_replicas": 0}}
        ),
    )
    yield "index", index_three(client, index)
    yield "exists", client.exists(index=index, id="1")  # HEAD
    yield "does not exist", client.exists(index=index, id="nope")
    yield "get", client.get(index=index, id="1")
    yield (
        "get an id that must be escaped",
        [
            client.index(index=index, id="a/b c+d%", body={"n": 9}, refresh=True),
            client.get(index=index, id="a/b c+d%"),
            client.delete(index=index, id="a/b c+d%", refresh=True),
        ],
    )
    yield "update", client.update(index=index, id="1", body={"doc": {"n": 11}}, refresh=True)
    yield "search", client.search(index=index, body={"query": {"match": {"text": "söme"}}})
    yield "search in the URL", client.search(index=index, params={"q": "text:some OR n:2"})
    yield (
        "aggregation",
        client.search(index=index, body={"size": 0, "aggs": {"n": {"stats": {"field": "n"}}}}),
    )
    yield "count", client.count(index=index)
    yield "mget", client.mget(index=index, body={"ids": ["0", "1", "nope"]})
    yield (
        "msearch",
        client.msearch(
            body=[
                {"index": index},
                {"query": {"match_all": {}}, "sort": ["n"]},
                {"index": index},
                {},
            ]
        ),
    )
    yield (
        "bulk",
        helpers.bulk(
            client,
            ({"_index": index, "_id": f"b{n}", "n": 100 + n} for n in range(50)),
            refresh=True,
        ),
    )
    yield "scroll", sorted(hit["_id"] for hit in helpers.scan(client, index=index, size=10))
    yield "scroll, page by page", scrolled(client, index)
    yield "point in time", points_in_time(client, index)
    yield "mapping", list(client.indices.get_mapping(index=index).values())
    yield "analyze", client.indices.analyze(body={"analyzer": "standard", "text": "a quick fox"})
    yield (
        "delete by query",
        client.delete_by_query(
            index=index, body={"query": {"range": {"n": {"gte": 100}}}}, refresh=True
        ),
    )
    yield "delete", client.delete(index=index, id="2", refresh=True)
    yield "what is left", client.search(index=index, body={"sort": ["n"]})


def test_everyday_calls_get_the_same_responses(direct, proxied, names):
    expected = dict(everyday_calls(direct, f"{names}-direct"))
    for name, response in everyday_calls(proxied, f"{names}-proxied"):
        assert normal(response) == normal(expected.pop(name)), name
    assert expected == {}


def javascript_calls(url, index):
    """The same calls by the JavaScript client: status and response of each, by name."""
    client = parts_dir() / "js-client"
    done = subprocess.run(
        [client / "node" / "bin" / "node", Path(__file__).parent / "everyday_calls.mjs", url, index],
        env={**os.environ, "NODE_PATH": str(client / "node_modules")},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return {call.pop("name"): call for call in map(json.loads, done.stdout.splitlines())}


def test_everyday_calls_of_the_javascript_client_get_the_same(
    opensearch, direct, fleet, proxied, names
):
    expected = javascript_calls(opensearch.url, f"{names}-direct")
    responses = javascript_calls(fleet.a.url, f"{names}-proxied")
    assert list(responses) == list(expected)
    assert len(responses) >= 25
    for name, response in responses.items():
        text = json.dumps(normal(response)).replace(f"{names}-proxied", f"{names}-direct")
        assert json.loads(text) == normal(expected[name]), name


def test_errors_are_those_of_opensearch(direct, proxied, names):
    def failures(client):
        with pytest.raises(NotFoundError) as missing:
            client.search(index=f"{names}-missing")
        with pytest.raises(RequestError) as malformed:
            client.search(body={"query": {"no_such_query": {}}})
        return [(e.value.status_code, e.value.error) for e in (missing, malformed)]

    assert failures(proxied) == failures(direct)


def test_a_bulk_of_fifty_megabytes_arrives_in_one_request(direct, proxied, names):
    text = "x" * 100_000
    lines = "".join(
        f'{{"index":{{"_index":"{names}","_id":"{n}"}}}}\n{{"n":{n},"text":"{text}"}}\n'
        for n in range(500)
    )
    assert len(lines) > 50_000_000
    # The text is not indexed, because only its transfer matters here.
    direct.indices.create(
        index=names, body={"mappings": {"properties": {"text": {"type": "object", "enabled": False}}}}
    )
    response = proxied.bulk(body=lines, params={"refresh": "true"})
    assert not response["errors"]
    assert [item["index"]["_id"] for item in response["items"]] == [str(n) for n in range(500)]
    assert direct.count(index=names)["count"] == 500
    assert direct.get(index=names, id="499")["_source"] == {"n": 499, "text": text}


def test_large_responses_arrive_whole(direct, proxied, names):
    body = {"blob": "".join(hashlib.sha256(str(n).encode()).hexdigest() for n in range(40_000))}
    direct.index(index=names, id="big", body=body, refresh=True)
    for _ in range(3):
        assert proxied.get(index=names, id="big")["_source"] == body


def test_compressed_responses_and_bodies_pass_untouched(opensearch, fleet, direct, names):
    client = Client(fleet.a.url, http_compress=True)
    client.index(index=names, id="1", body={"text": "y" * 5000}, refresh=True)
    assert direct.get(index=names, id="1")["_source"] == {"text": "y" * 5000}
    path = f"/{names}/_doc/1"
    responses = [
        request("GET", url + path, headers={"Accept-Encoding": "gzip"})
        for url in (opensearch.url, fleet.a.url)
    ]
    assert (
        responses[0].headers["Content-Encoding"] == responses[1].headers["Content-Encoding"] == "gzip"
    )
    assert responses[0].body == responses[1].body


def test_head_responses_keep_their_length_and_have_no_body(opensearch, fleet, index):
    for path in ("/", f"/{index}/_doc/1", f"/{index}/_doc/nope"):
        one, other = (request("HEAD", url + path) for url in (opensearch.url, fleet.a.url))
        assert one.status == other.status
        assert one.headers.get("Content-Length") == other.headers.get("Content-Length")
        assert other.body == b""


def test_a_get_with_a_body_keeps_its_body(fleet, index):
    reply = fleet.a.request(
        "GET", f"/{index}/_search", json_body={"query": {"term": {"number": 1}}}
    )
    assert reply.json()["hits"]["total"]["value"] == 1


def test_a_chunked_request_body_arrives_whole(fleet, direct, names):
    pieces = [b'{"text":"', *[b"z" * 70_000] * 40, b'"}']
    reply = fleet.a.request("PUT", f"/{names}/_doc/1?refresh=true", body=iter(pieces),
                            headers={"Content-Type": "application/json"})  # fmt: skip
    assert reply.status == 201
    assert len(direct.get(index=names, id="1")["_source"]["text"]) == 2_800_000


@pytest.mark.parametrize("name", ["metrics", "healthz", "admin", "debug"])
def test_an_index_may_have_the_name_of_an_admin_path(fleet, direct, name):
    direct.indices.delete(index=name, ignore=404)
    try:
        client = Client(fleet.a.url)
        client.index(index=name, id="1", body={"n": 1}, refresh=True)
        assert client.get(index=name, id="1")["_source"] == {"n": 1}
        assert name in fleet.a.request("GET", f"/{name}").json()
        assert direct.count(index=name)["count"] == 1
    finally:
        direct.indices.delete(index=name, ignore=404)


def test_opensearchs_paths_are_not_on_the_admin_listener(fleet, index):
    assert fleet.a.admin("GET", f"/{index}/_search").status == 404


def test_each_of_many_concurrent_requests_gets_its_response(fleet, index):
    fleet.put({"id": "some", "level": "Shape", "ttl_secs": 600, "sample_per_mille": 300})

    def get(number):
        proxy = (fleet.a, fleet.b)[number % 2]
        request_id = f"many-{number}"
        reply = proxy.request("GET", f"/{index}/_doc/{number % 3}",
                              headers={"X-Request-Id": request_id})  # fmt: skip
        return reply.headers["X-Request-Id"] == request_id and reply.json()["_source"] == {
            "number": number % 3
        }

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(get, range(600)))
