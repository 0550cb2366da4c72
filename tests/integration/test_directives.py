"""Only a document in etcd changes which requests both proxies record."""

from datetime import UTC, datetime, timedelta

import pytest

from parts import eventually


def directive(id="d1", **fields):
    return {"id": id, "level": "Shape", "ttl_secs": 600, **fields}


def expiring(seconds: float) -> dict:
    """A directive with an absolute end at this distance from now."""
    end = datetime.now(UTC) + timedelta(seconds=seconds)
    return {"id": "d1", "level": "Shape", "expires_at": end.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}


def test_records_nothing_while_nothing_is_published(fleet, traffic, index):
    for proxy in fleet:
        assert proxy.status()["directives"] == []
        traffic.not_recorded(proxy, traffic.search(proxy, index))


def test_both_proxies_record_selected_requests(fleet, traffic, index):
    fleet.put(directive())
    for proxy in fleet:
        request_id = traffic.search(proxy, index, tenant="acme")
        record = traffic.recorded(proxy, request_id)
        assert record["request_id"] == request_id
        assert record["directives"] == ["d1"]
        assert record["level"] == "Shape"
        assert record["endpoint"] == "Search"
        assert record["index"] == index
        assert record["tenant"] == "acme"
        assert record["method"] == "POST"
        assert record["status"] == 200


def test_only_the_proxy_that_served_a_request_keeps_its_record(fleet, traffic, index):
    fleet.put(directive())
    request_id = traffic.search(fleet.a, index)
    traffic.recorded(fleet.a, request_id)
    assert fleet.b.explain(request_id) is None


def test_selects_by_tenant(fleet, traffic, index):
    fleet.put(directive(tenant="acme"))
    for proxy in fleet:
        traffic.recorded(proxy, traffic.search(proxy, index, tenant="acme"))
        traffic.not_recorded(proxy, traffic.search(proxy, index, tenant="acme2"))
        traffic.not_recorded(proxy, traffic.search(proxy, index))


def test_selects_by_index(fleet, traffic, index):
    fleet.put(directive(index=index))
    for proxy in fleet:
        traffic.recorded(proxy, traffic.search(proxy, index))
        traffic.recorded(proxy, traffic.search(proxy, f"{index[:-1]}*"))
        traffic.recorded(proxy, traffic.search(proxy, f"other,{index}"))
        traffic.not_recorded(proxy, traffic.search(proxy, f"{index}x"))
        traffic.not_recorded(proxy, traffic.send(proxy, "GET", "/_cluster/health"))


@pytest.mark.parametrize(
    ("endpoint", "method", "path", "body"),
    [
        ("IngestDoc", "PUT", "/{index}/_doc/x", '{"a":1}'),
        ("IngestBulk", "POST", "/{index}/_bulk", '{"index":{}}\n{"a":1}\n'),
        ("Search", "GET", "/{index}/_search", None),
        ("MultiSearch", "POST", "/_msearch", '{"index":"{index}"}\n{}\n'),
        ("Count", "GET", "/{index}/_count", None),
        ("GetById", "GET", "/{index}/_doc/1", None),
        ("MultiGet", "POST", "/{index}/_mget", '{"ids":["1","2"]}'),
        ("DeleteById", "DELETE", "/{index}/_doc/{own}", None),
        ("DeleteByQuery", "POST", "/{index}/_delete_by_query", '{"query":{"match_none":{}}}'),
        ("Admin", "GET", "/_cluster/health", None),
    ],
)
def test_selects_by_endpoint(fleet, traffic, index, endpoint, method, path, body):
    fleet.put(directive(endpoint=endpoint))
    other = "Count" if endpoint != "Count" else "Search"
    for own, proxy in enumerate(fleet):  # what is deleted through one is gone for the other
        request_id = traffic.send(
            proxy,
            method,
            path.replace("{index}", index).replace("{own}", str(own)),
            body=body and body.replace("{index}", index),
            headers={"Content-Type": "application/x-ndjson" if body and "\n" in body
                     else "application/json"},
        )  # fmt: skip
        record = traffic.recorded(proxy, request_id)
        assert record["endpoint"] == endpoint
        assert record["status"] in (200, 201)
        unselected = f"/{index}/_count" if other == "Count" else f"/{index}/_search"
        traffic.not_recorded(proxy, traffic.send(proxy, "GET", unselected))


def test_all_targets_of_a_directive_must_match(fleet, traffic, index):
    fleet.put(directive(tenant="acme", index=index, endpoint="Search"))
    traffic.recorded(fleet.a, traffic.search(fleet.a, index, tenant="acme"))
    traffic.not_recorded(fleet.a, traffic.search(fleet.a, index, tenant="other"))
    traffic.not_recorded(fleet.a, traffic.send(fleet.a, "GET", f"/{index}/_count", tenant="acme"))


def test_the_highest_level_of_all_matching_directives_applies(fleet, traffic, index):
    fleet.put(directive("low"), directive("high", level="ShapeTiming", tenant="acme"))
    record = traffic.recorded(fleet.a, traffic.search(fleet.a, index, tenant="acme"))
    assert record["level"] == "ShapeTiming"
    assert record["directives"] == ["low", "high"]
    assert record["times"]["total_us"] > 0
    record = traffic.recorded(fleet.a, traffic.search(fleet.a, index, tenant="other"))
    assert record["level"] == "Shape"
    assert "times" not in record


def test_level_off_records_nothing(fleet, traffic, index):
    fleet.put(directive(level="Off"))
    traffic.not_recorded(fleet.a, traffic.search(fleet.a, index))


def test_sampling_decides_by_request_id_the_same_everywhere(fleet, traffic, index):
    fleet.put(directive(sample_per_mille=500))
    ids = [f"sample-{number}" for number in range(40)]
    for proxy in fleet:
        for request_id in ids:
            proxy.request("GET", f"/{index}/_count", headers={"X-Request-Id": request_id})
        proxy.settle()
    seen = [[i for i in ids if proxy.explain(i)] for proxy in fleet]
    assert seen[0] == seen[1] == [i for i in ids if fnv1a_64(i) % 1000 < 500]
    assert 0 < len(seen[0]) < len(ids)


def fnv1a_64(text: str) -> int:
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 % (1 << 64)
    return value


def test_failed_responses_can_be_selected_alone(fleet, traffic, index):
    fleet.put(directive(status="4xx"))
    traffic.not_recorded(fleet.a, traffic.search(fleet.a, index))
    missing = traffic.search(fleet.a, "no-such-index")
    assert traffic.recorded(fleet.a, missing)["status"] == 404


def test_stops_after_max_records_on_each_instance(fleet, traffic, index):
    fleet.put(directive(max_records=2))
    for proxy in fleet:
        ids = [traffic.search(proxy, index) for _ in range(4)]
        proxy.settle()
        assert [bool(proxy.explain(i)) for i in ids] == [True, True, False, False]


def test_a_directive_expires_by_itself(fleet, traffic, index):
    # Long enough for slow, instrumented builds to apply it and to be seen doing so.
    fleet.put(expiring(4))
    for proxy in fleet:
        assert proxy.active() == ["d1"]
        traffic.recorded(proxy, traffic.search(proxy, index))
    for proxy in fleet:
        eventually(lambda proxy=proxy: proxy.active() == [], what=f"{proxy.name}: expired")
        traffic.not_recorded(proxy, traffic.search(proxy, index))


def test_a_past_end_is_accepted_and_inactive(fleet, traffic, index):
    fleet.put(expiring(-60))
    for proxy in fleet:
        assert proxy.status()["store"]["rejected"] is None
        assert [d["id"] for d in proxy.status()["directives"]] == ["d1"]
        assert proxy.active() == []
        traffic.not_recorded(proxy, traffic.search(proxy, index))


def test_putting_the_same_document_again_does_not_extend_its_life(fleet):
    document = '{"directives":[{"id":"d1","level":"Shape","ttl_secs":6}]}'
    fleet.put_raw(document)

    def ends() -> set[str]:
        return {proxy.status()["directives"][0]["expires_at"] for proxy in fleet}

    (end,) = eventually(lambda: len(ends()) == 1 and ends(), what="the fleet agrees on the end")
    fleet.put_raw(document)
    assert ends() == {end}


def test_another_document_removes_a_directive(fleet, traffic, index):
    fleet.put(directive())
    traffic.recorded(fleet.a, traffic.search(fleet.a, index))
    fleet.put()
    for proxy in fleet:
        assert proxy.active() == []
        traffic.not_recorded(proxy, traffic.search(proxy, index))


def test_deleting_the_key_turns_everything_off(fleet, traffic, index):
    fleet.put(directive())
    fleet.etcd.delete(fleet.key)
    for proxy in fleet:
        eventually(lambda proxy=proxy: proxy.status()["directives"] == [], what="all off")
        assert proxy.status()["store"]["state"] == "synced"
        traffic.not_recorded(proxy, traffic.search(proxy, index))


def test_one_edit_leaves_the_other_directives_alone(fleet, traffic, index):
    fleet.put(directive("one", tenant="t1"), directive("two", tenant="t2"))
    traffic.recorded(fleet.a, traffic.search(fleet.a, index, tenant="t1"))
    fleet.put(directive("two", tenant="t2"))
    traffic.not_recorded(fleet.a, traffic.search(fleet.a, index, tenant="t1"))
    traffic.recorded(fleet.a, traffic.search(fleet.a, index, tenant="t2"))


@pytest.mark.parametrize(
    ("document", "slug", "where"),
    [
        ("{", "invalid_json", ""),
        ("[]", "not_an_object", ""),
        ("{}", "missing_directives", "directives"),
        ('{"directives":[{"id":"x","level":"Shape","ttl_secs":9,"tenant":""}]}',
         "bad_tenant", "directives[0].tenant"),
        ('{"directives":[{"id":"x","level":"Shape","ttl_secs":9},'
         '{"id":"y","level":"canary-in-a-level","ttl_secs":9}]}',
         "unknown_level", "directives[1].level"),
        ('{"directives":[{"id":"x","level":"Shape","ttl_secs":9,"tennant":"canary-in-a-field"}]}',
         "unknown_field", None),
    ],
)  # fmt: skip
def test_a_malformed_publish_changes_nothing_and_is_shown(
    fleet, traffic, index, document, slug, where
):
    good = fleet.put(directive())
    bad = fleet.etcd.put(fleet.key, document)
    for proxy in fleet:
        rejected = eventually(lambda proxy=proxy: proxy.status()["store"]["rejected"])
        assert rejected["slug"] == slug
        assert rejected["revision"] == bad
        if where is not None:
            assert rejected["where"] == where
        assert proxy.active() == ["d1"]
        traffic.recorded(proxy, traffic.search(proxy, index))
        assert "canary" not in proxy.admin("GET", "/admin/status").body.decode()
        assert "canary" not in proxy.log()
    assert good < bad
    fleet.put(directive("d2"))
    for proxy in fleet:
        assert proxy.status()["store"]["rejected"] is None
        assert proxy.active() == ["d2"]
