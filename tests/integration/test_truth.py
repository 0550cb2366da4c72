"""Records tell the truth: a record has the facts of its response, read directly, and no others.

Each test runs on OpenSearch 2.19, on 2.19 with the security plugin, and on the current release. The
proxy is the only way to the node, so that each response is compared with its own record.
"""

import collections
import gzip
import json
import uuid
from pathlib import Path

import pytest

from explain_schema import EXPLAIN_SCHEMA

from parts import eventually

NDJSON = {"Content-Type": "application/x-ndjson"}


class Cluster:
    """A node behind a proxy that records everything."""

    def __init__(self, node, start_proxy, tmp_path: Path, *directives: dict):
        document = tmp_path / "directives.json"
        document.write_text(json.dumps({"directives": [
            {"id": f"d{number}", "level": "ShapeRewriteDiff", "ttl_secs": 600, **directive}
            for number, directive in enumerate(directives or ({},))
        ]}))  # fmt: skip
        arguments = ["--directives-file", str(document)]
        if node.scheme == "https":
            arguments += ["--upstream-ca-file", str(node.ca_file)]
        self.proxy = start_proxy(upstream=node.url, arguments=arguments)
        self.headers = node.headers
        self.index = f"truth-{uuid.uuid4().hex[:12]}"

    def send(self, method: str, path: str, body=None, headers=None):
        """The response's status and its body, and the record's id."""
        request_id = f"truth-{uuid.uuid4().hex}"
        sent = {"X-Request-Id": request_id, **self.headers, **(headers or {})}
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        reply = self.proxy.request(method, path, headers=sent, body=body)
        return reply, request_id

    def recorded(self, method: str, path: str, body=None, headers=None):
        """The response as JSON, and its record."""
        reply, request_id = self.send(method, path, body, headers)
        record = eventually(lambda: self.proxy.explain(request_id), what=f"a record of {path}")
        EXPLAIN_SCHEMA.validate(record)
        assert record["status"] == reply.status
        text = reply.body
        if reply.headers.get("Content-Encoding") == "gzip":
            text = gzip.decompress(text)
        return json.loads(text) if text[:1] in (b"{", b"[") else None, record

    def facts(self, *request, **options):
        """The response as JSON, and the facts of its record that are not null."""
        direct, record = self.recorded(*request, **options)
        return direct, {k: v for k, v in record["response"].items() if v is not None}

    def fill(self, count: int = 5) -> None:
        lines = "".join(f'{{"index":{{"_id":"{n}"}}}}\n{{"n":{n}}}\n' for n in range(count))
        reply, _ = self.send("POST", f"/{self.index}/_bulk?refresh=true", lines, NDJSON)
        assert reply.status == 200 and not reply.json()["errors"]


@pytest.fixture(params=["opensearch", "current_opensearch", "secure_opensearch"])
def node(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def cluster(node, start_proxy, tmp_path):
    one = Cluster(node, start_proxy, tmp_path)
    one.fill()
    yield one
    one.send("DELETE", f"/{one.index}*")


def test_a_search_states_its_facts_and_no_others(cluster):
    path = f"/{cluster.index}/_search"
    direct, facts = cluster.facts("GET", path)
    assert facts["hits"] == direct["hits"]["total"]["value"] == 5
    assert facts["hits_are_at_least"] is False
    assert facts["took_ms"] == direct["took"]
    shards = {name: direct["_shards"][name] for name in facts["shards"]}
    assert facts["shards"] == shards

    direct, facts = cluster.facts("GET", f"{path}?filter_path=took,hits.total.value")
    assert direct["hits"]["total"] == {"value": 5}
    assert "hits_are_at_least" not in facts and "timed_out" not in facts
    assert set(facts["shards"].values()) == {None}

    _, facts = cluster.facts("GET", f"{path}?rest_total_hits_as_int=true")
    assert (facts["hits"], facts["hits_are_at_least"]) == (5, False)
    _, facts = cluster.facts("GET", f"{path}?track_total_hits=2")
    assert (facts["hits"], facts["hits_are_at_least"]) == (2, True)
    _, facts = cluster.facts("GET", f"{path}?track_total_hits=false")
    assert "hits" not in facts and "hits_are_at_least" not in facts
    direct, facts = cluster.facts("GET", f"{path}?terminate_after=1")
    assert facts["terminated_early"] is direct["terminated_early"] is True
    _, facts = cluster.facts("GET", path, headers={"Accept-Encoding": "gzip"})
    assert facts["hits"] == 5


def test_a_response_that_states_nothing_is_recorded_so(cluster):
    _, facts = cluster.facts("GET", "/no-such-index/_search")
    assert set(facts) == {"shards"} and set(facts["shards"].values()) == {None}
    _, record = cluster.recorded("HEAD", f"/{cluster.index}/_doc/1")
    assert record["response"]["not_read"] is not None
    _, facts = cluster.facts("GET", f"/{cluster.index}/_search?format=yaml")
    assert facts["not_read"] == "not_json" and "hits" not in facts


def test_a_bulk_counts_what_it_can_see(cluster):
    lines = (
        '{"create":{"_id":"1"}}\n{"n":1}\n{"index":{"_id":"9"}}\n{"n":9}\n{"delete":{"_id":"none"}}\n'
    )
    path = f"/{cluster.index}/_bulk"
    direct, facts = cluster.facts("POST", path, lines, NDJSON)
    failed = [item for item in direct["items"] if next(iter(item.values()))["status"] >= 400]
    assert (facts["items"], facts["failed_items"]) == (3, len(failed)) == (3, 2)
    assert facts["errors"] is direct["errors"] is True

    direct, facts = cluster.facts("POST", f"{path}?filter_path=items.*.error", lines, NDJSON)
    assert len(direct["items"]) == 1, "only one of three is listed"
    assert "failed_items" not in facts and "items" not in facts and "errors" not in facts
    _, facts = cluster.facts("POST", f"{path}?filter_path=took,errors", lines, NDJSON)
    assert facts["errors"] is True and "failed_items" not in facts
    _, facts = cluster.facts("POST", f"{path}?filter_path=items.*.status", lines, NDJSON)
    assert (facts["items"], facts["failed_items"]) == (3, 2)


def test_a_bulk_shows_which_items_failed_and_why(cluster):
    first, second = cluster.index, f"{cluster.index}-2"
    mapping = {"mappings": {"properties": {"n": {"type": "integer"}}}}
    assert cluster.send("PUT", f"/{second}", mapping)[0].status == 200
    actions = [
        ({"index": {}}, {"n": 10}),
        ({"create": {"_id": "1"}}, {"n": 1}),  # exists
        ({"create": {"_id": "2", "_index": first}}, {"n": 1}),  # exists
        ({"index": {"_index": second}}, {"n": "canary-7f3a9"}),
        ({"index": {"_index": second}}, {"n": "canary-7f3a9"}),
        ({"index": {"_index": second}}, {"n": 1}),
        ({"update": {"_id": "none", "_index": second}}, {"doc": {"n": 1}}),
        ({"delete": {"_id": "none", "_index": second}}, None),
    ]
    lines = "".join(f"{json.dumps(line)}\n" for pair in actions for line in pair if line)
    direct, record = cluster.recorded("POST", f"/{first}/_bulk", lines, NDJSON)
    facts = record["response"]
    expected = collections.Counter()
    for item in direct["items"]:
        (outcome,) = item.values()
        if outcome["status"] >= 400:
            expected[outcome.get("error", {}).get("type"), outcome["status"]] += 1
    assert len(expected) == 4, "a mapping, a conflict, and a missing document twice"
    assert facts["failed_items"] == expected.total() == 6
    assert expected == {(f["type"], f["status"]): f["count"] for f in facts["failures_by_error"]}
    assert facts["items_by_action"] == {"index": 4, "create": 2, "update": 1, "delete": 1}
    assert record["body_indices"]["actions"] == {
        "by_index": [{"index": second, "count": 5}, {"index": first, "count": 1}],
        "other_indices": 0, "of_path": 2,
        "by_action": {"index": 4, "create": 2, "update": 1, "delete": 1},
    }  # fmt: skip
    assert "canary" not in json.dumps(record)

    path = f"/{first}/_bulk?filter_path=took,errors"
    _, record = cluster.recorded("POST", path, lines, NDJSON)
    assert record["response"]["items_by_action"] is record["response"]["failures_by_error"] is None
    assert record["body_indices"]["actions"]["by_action"]["index"] == 4


def test_queries_that_differ_in_values_have_one_shape(cluster):
    def shape(**clause) -> str:
        query = json.dumps({"query": clause})
        return cluster.recorded("POST", f"/{cluster.index}/_search", query)[1]["shape"]

    first = shape(range={"n": {"gte": 1}})
    assert first == shape(range={"n": {"gte": 4000}}) is not None
    assert first != shape(range={"n": {"gt": 1}}) != shape(range={"m": {"gt": 1}})
    assert cluster.recorded("GET", f"/{cluster.index}/_search")[1]["shape"] is None


def test_reindexes_and_the_like_keep_their_counts(cluster):
    pretty = json.dumps(
        {"source": {"index": cluster.index}, "dest": {"index": f"{cluster.index}-copy"}}, indent=2
    )
    direct, record = cluster.recorded("POST", "/_reindex?refresh=true", pretty)
    facts = record["response"]
    for name in ("timed_out", "total", "created", "updated", "deleted", "version_conflicts"):
        assert facts[name] == direct[name], name
    assert facts["failures"] == len(direct["failures"]) == 0
    (part,) = record["body"]["parts"]
    assert record["body"]["not_read"] is None and part["kind"] == "body"
    assert "source.index" in [field["path"] for field in part["fields"]]
    assert record["body_indices"] == {
        "names": [cluster.index, f"{cluster.index}-copy"], "whole": True, "actions": None
    }  # fmt: skip

    cluster.send("POST", f"/{cluster.index}/_refresh")
    query = json.dumps({"query": {"match_all": {}}}, indent=2)
    direct, record = cluster.recorded("POST", f"/{cluster.index}/_update_by_query", query)
    assert record["response"]["updated"] == direct["updated"] == 5
    assert record["body"]["not_read"] is None
    cluster.send("POST", f"/{cluster.index}/_refresh")
    direct, record = cluster.recorded("POST", f"/{cluster.index}/_delete_by_query", query)
    facts = record["response"]
    assert (facts["deleted"], facts["total"]) == (direct["deleted"], direct["total"]) == (5, 5)


def test_a_multi_search_tells_of_its_searches(cluster):
    lines = "".join(
        json.dumps(part) + "\n"
        for part in (
            {"index": cluster.index}, {"size": 0, "terminate_after": 1},
            {"index": "no-such-index"}, {},
            {"index": cluster.index}, {"query": {"match_all": {}}},
        )
    )  # fmt: skip
    direct, record = cluster.recorded("POST", "/_msearch", lines, NDJSON)
    facts = record["response"]
    assert (facts["items"], facts["failed_items"]) == (3, 1)
    assert (facts["timed_out_items"], facts["shard_failed_items"]) == (0, 0)
    assert facts["timed_out"] is False and facts["terminated_early"] is True
    searches = [one for one in direct["responses"] if "_shards" in one]
    assert facts["shards"]["total"] == sum(one["_shards"]["total"] for one in searches)
    assert record["body_indices"]["names"] == [cluster.index, "no-such-index"]


def test_an_mget_tells_of_its_misses(cluster):
    docs = [{"_index": cluster.index, "_id": "1"}, {"_index": cluster.index, "_id": "none"},
            {"_index": "no-such-index", "_id": "1"}]  # fmt: skip
    direct, facts = cluster.facts("POST", "/_mget", {"docs": docs})
    missing = [doc for doc in direct["docs"] if doc.get("found") is False]
    errors = [doc for doc in direct["docs"] if "error" in doc]
    assert facts["items"] == 3
    assert (facts["missing_items"], facts["failed_items"]) == (len(missing), len(errors)) == (1, 1)


def test_fields_side_by_side_keep_their_names(cluster):
    clauses = [{"range": {name: {"gte": 1, "lte": 9}}} for name in ("n", "price", "total", "age")]
    clauses += [{"match": {name: {"query": "x"}}} for name in ("a", "b", "c", "d", "4711-x")]
    _, record = cluster.recorded("POST", f"/{cluster.index}/_search",
                                 {"query": {"bool": {"should": clauses}}})  # fmt: skip
    (part,) = record["body"]["parts"]
    paths = {field["path"] for field in part["fields"]}
    assert {f"query.bool.should[].range.{name}.gte" for name in ("n", "price", "age")} <= paths
    assert {f"query.bool.should[].match.{name}.query" for name in "abcd"} <= paths
    assert part["folded"] == [{"path": "query.bool.should[].match.{key}", "count": 1,
                               "reasons": ["looks_like_value"]}]  # fmt: skip


def test_sixty_surnames_are_hidden(cluster):
    ends = ("tin", "mann", "son", "ski", "ova", "berg", "feld", "dorf", "ley", "er")
    names = [start + end for start in ("Mar", "Ber", "Kol", "San", "Ter", "Lin") for end in ends]
    for body in ({name: 1 for name in names}, {"votes": {name: {"n": 1} for name in names}}):
        _, record = cluster.recorded("PUT", f"/{cluster.index}-names/_doc/1", body)
        text = json.dumps(record["body"])
        assert not [name for name in names if name in text]
        assert record["body"]["parts"][0]["folded"][0]["count"] == 60


def test_an_index_is_found_in_the_query_and_in_the_body(node, start_proxy, tmp_path):
    cluster = Cluster(node, start_proxy, tmp_path, {"index": "truth-target", "level": "Shape"})
    doc = {"_index": "truth-target", "_id": "1"}
    bulk = f'{json.dumps({"index": doc})}\n{{"n":1}}\n'
    search = '{"index":["other","truth-*"]}\n{}\n'
    for method, path, body, headers in (
        ("POST", "/_bulk?refresh=true", bulk, NDJSON),
        ("GET", "/_search?index=truth-target", None, None),
        ("GET", "/_count?index=truth-*", None, None),
        ("POST", "/_msearch", search, NDJSON),
        ("POST", "/_mget", {"docs": [doc]}, None),
        ("POST", "/_reindex", {"source": {"index": "truth-target"}, "dest": {"index": "c"}}, None),
        ("POST", "/other/_bulk", bulk, NDJSON),
    ):
        _, record = cluster.recorded(method, path, body, headers)
        assert record["directives"] == ["d0"], path
    for method, path, body in (
        ("POST", "/_bulk", bulk.replace("truth-target", "other")),
        ("POST", "/_msearch", search.replace("truth-*", "t")),
        ("GET", "/_search", None),
    ):
        reply, request_id = cluster.send(method, path, body, NDJSON if body else None)
        cluster.proxy.settle()
        assert cluster.proxy.explain(request_id) is None, path
    report = cluster.proxy.admin("GET", f"/admin/why/{request_id}").body.decode()
    assert "names none in its path" in report
    cluster.send("DELETE", "/truth-target,other,c?ignore_unavailable=true")
