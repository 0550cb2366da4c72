"""The flight recorder of two proxies in front of a real OpenSearch, with no directive published."""

import json
import uuid

import pytest

from parts import Ctl, eventually


@pytest.fixture
def pair(start_proxy, opensearch):
    """Two proxies, and an osproxyctl that asks both."""
    proxies = [
        start_proxy(f"proxy-{i}", upstream=opensearch.url, arguments=["--instance", f"proxy-{i}"])
        for i in (1, 2)
    ]
    return *proxies, Ctl("--admin", ",".join(p.admin_url for p in proxies))


def rows_of(ctl, *arguments) -> dict:
    """The first name of each row, and the number of its requests now."""
    report = ctl("top", *arguments, "--output", "json").json()
    return {row["key"][0]: row["now"]["requests"]["value"] for row in report["rows"]}


def recorded_by(directive: str, proxy) -> int:
    return {d["id"]: d for d in proxy.status()["directives"]}[directive]["recorded"]


def test_the_hammering_client_is_found(pair, index, traffic):
    one, two, ctl = pair
    for proxy, requests in ((one, 12), (two, 8)):
        for _ in range(requests):
            traffic.send(proxy, "POST", f"/{index}/_search", tenant="acme",
                         headers={"User-Agent": "hammer/1.0 (x)"},
                         json_body={"query": {"match_all": {}}})  # fmt: skip
    traffic.search(one, index, tenant="globex")
    assert eventually(lambda: (r := rows_of(ctl)).get("acme") == 20 and r, what="all requests") == {
        "acme": 20,
        "globex": 1,
    }
    assert rows_of(ctl, "--by", "agent", "--tenant", "acme") == {"hammer/1.0": 20}
    assert rows_of(ctl, "--by", "client,index", "--sort", "requests") == {"127.0.0.1": 21}
    text = ctl("top").out
    assert "21 requests" in text and "of 2 instances" in text
    rows = [line.split()[0] for line in text.splitlines()]
    assert rows[rows.index("TENANT") + 1] == "acme"


def test_explain_finds_what_no_directive_selects(pair, traffic):
    one, _, ctl = pair
    good = traffic.send(one, "GET", "/_cluster/health")
    recent = ctl("recent", "--output", "json").out
    assert good not in recent
    assert one.explain(good) is None  # no directive has selected it
    explained = eventually(
        lambda: (done := ctl("explain", good, "--output", "json")).status == 0 and done.json(),
        what="the recorder's record",
    )
    assert explained["recorder"] is True
    assert explained["request_id"] == good
    assert explained["directives"] == []


def test_a_failing_bulk_is_recent_with_its_error(pair, index, traffic):
    one, _, ctl = pair
    lines = []
    for number in range(3):
        lines.append(json.dumps({"index": {"_index": index, "_id": f"x{number}"}}))
        lines.append(json.dumps({"number": "no number" if number else 7}))
    bulk = traffic.send(one, "POST", "/_bulk", tenant="acme", body="\n".join(lines) + "\n",
                        headers={"Content-Type": "application/x-ndjson"})  # fmt: skip
    records = eventually(
        lambda: [json.loads(line) for line in ctl("recent", "--output", "json").out.splitlines()],
        what="a failed bulk",
    )
    assert [r["request_id"] for r in records] == [bulk]
    assert records[0]["response"]["failed_items"] == 2
    errors = rows_of(ctl, "--by", "error", "--sort", "errors")
    assert errors == {"mapper_parsing_exception": 1}


def test_searches_have_their_shape(pair, index, traffic):
    one, _, ctl = pair
    for value in (1, 2):
        traffic.send(one, "POST", f"/{index}/_search",
                     json_body={"query": {"term": {"number": value}}})  # fmt: skip
    traffic.search(one, index)
    shapes = eventually(
        lambda: (r := rows_of(ctl, "--by", "shape", "--endpoint", "Search")) and len(r) == 2 and r,
        what="two shapes",
    )
    assert sorted(shapes.values()) == [1, 2]


def test_a_plan_counts_what_on_records_then(pair, index, traffic):
    one, two, ctl = pair

    def send_all():
        for number in range(30):
            for proxy in (one, two):
                traffic.search(proxy, index, tenant="acme" if number % 3 == 0 else "globex")

    flags = ("--tenant", "acme", "--level", "Shape", "--ttl", "10m")
    send_all()
    plan = eventually(
        lambda: (p := ctl("plan", *flags, "--output", "json").json()["plans"][0])
        and p["seen"]["value"] == 60 and p,
        what="all requests",
    )  # fmt: skip
    assert plan["matched"]["value"] == plan["recorded"]["value"] == 20
    assert plan["hints"] == []
    assert one.active() == [] and two.active() == []

    for proxy in (one, two):
        Ctl("--admin", proxy.admin_url)("on", *flags, "--id", "acme")
    send_all()
    recorded = eventually(
        lambda: (n := recorded_by("acme", one) + recorded_by("acme", two)) >= 18 and n,
        what="the records",
    )
    assert recorded <= 22


def test_a_plan_hints_at_the_nearest_name(pair, index, traffic):
    one, _, ctl = pair
    traffic.search(one, index, tenant="acme")
    flags = ("--tenant", "acmee", "--level", "Shape", "--ttl", "10m")
    text = eventually(
        lambda: (out := ctl("plan", *flags).out) and 'nearest: "acme"' in out and out,
        what="the hint",
    )
    assert 'no tenant "acmee"' in text


def test_an_instance_whose_recorder_is_off_is_named(start_proxy, opensearch):
    on = start_proxy("on", upstream=opensearch.url)
    off = start_proxy("off", upstream=opensearch.url, arguments=["--recorder-bytes", "0"])
    done = Ctl("--admin", f"{on.admin_url},{off.admin_url}")("top")
    assert done.status == 5
    assert "the flight recorder is off on this instance" in done.err
    assert "of 1 instance" in done.out


def test_values_never_reach_the_recorder(pair, index, traffic):
    one, _, ctl = pair
    canary = f"canary{uuid.uuid4().hex}"
    traffic.send(one, "POST", f"/{index}/_search?q={canary}", tenant="acme",
                 headers={"Authorization": f"Bearer {canary}", "X-Other": canary,
                          "User-Agent": f"curl/8.0 ({canary})"},
                 json_body={"query": {"term": {"name": canary}}})  # fmt: skip
    traffic.send(one, "PUT", f"/{index}/_doc/1", json_body={"name": canary, "number": "x"})
    eventually(lambda: sum(rows_of(ctl, "--by", "endpoint").values()) == 2, what="both requests")
    texts = [ctl("recent", "--output", "json").out, ctl("recent").out]
    for by in ("tenant", "index", "principal", "client", "agent", "opaque_id", "endpoint", "shape",
               "node", "status", "error"):  # fmt: skip
        texts.append(ctl("top", "--by", by, "--output", "json").out)
    texts.append(one.admin("GET", "/metrics").body.decode())
    assert all(canary not in text for text in texts)
