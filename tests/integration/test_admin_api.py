"""The admin listener: publishing, status, health and metrics on a separate port."""

import json

import pytest

from parts import eventually

DOCUMENT = {"directives": [{"id": "posted", "level": "Shape", "ttl_secs": 600}]}


def test_a_post_is_written_to_etcd_and_reaches_the_other_proxy(fleet, traffic, index):
    reply = fleet.a.admin("POST", "/admin/directives", json_body=DOCUMENT)
    assert reply.status == 200
    fleet.wait_for(reply.json()["revision"])
    for proxy in fleet:
        assert proxy.active() == ["posted"]
        traffic.recorded(proxy, traffic.search(proxy, index))


def test_a_post_resolves_lives_to_one_end_for_the_fleet(fleet):
    fleet.wait_for(
        fleet.a.admin("POST", "/admin/directives", json_body=DOCUMENT).json()["revision"]
    )
    stored = fleet.a.admin("GET", "/admin/directives").json()["directives"][0]
    assert "ttl_secs" not in stored
    ends = {proxy.status()["directives"][0]["expires_at"] for proxy in fleet}
    assert ends == {stored["expires_at"]}


def test_the_document_is_read_with_its_revision(fleet):
    revision = fleet.put(*DOCUMENT["directives"])
    reply = fleet.b.admin("GET", "/admin/directives")
    assert reply.headers["ETag"] == f'"{revision}"'
    assert [d["id"] for d in reply.json()["directives"]] == ["posted"]


def test_if_match_lets_one_of_two_writers_through(fleet):
    revision = fleet.put()
    headers = {"If-Match": f'"{revision}"'}
    first = fleet.a.admin("POST", "/admin/directives", json_body=DOCUMENT, headers=headers)
    assert first.status == 200
    second = fleet.b.admin(
        "POST", "/admin/directives", json_body={"directives": []}, headers=headers
    )
    assert second.status == 412
    fleet.wait_for(first.json()["revision"])
    assert fleet.b.active() == ["posted"]


@pytest.mark.parametrize("etcd_backed", [True, False])
def test_a_malformed_post_names_slug_and_place_and_changes_nothing(
    fleet, start_proxy, opensearch, etcd_backed
):
    proxy = fleet.a if etcd_backed else start_proxy(upstream=opensearch.url)
    assert proxy.admin("POST", "/admin/directives", json_body=DOCUMENT).status == 200
    eventually(lambda: proxy.active() == ["posted"])
    bad = json.dumps({"directives": [{**DOCUMENT["directives"][0], "endpoint": "canary-endpoint"}]})
    reply = proxy.admin("POST", "/admin/directives", body=bad)
    assert reply.status == 400
    error = reply.json()["error"]
    assert (error["slug"], error["where"]) == ("unknown_endpoint", "directives[0].endpoint")
    assert b"canary" not in reply.body
    assert proxy.active() == ["posted"]
    assert proxy.status()["store"]["rejected"] is None  # nothing was published


def test_a_post_while_etcd_is_down_gets_the_reason(make_fleet, own_etcd):
    fleet = make_fleet(own_etcd)
    own_etcd.kill()
    reply = fleet.a.admin("POST", "/admin/directives", json_body=DOCUMENT)
    assert reply.status == 503
    assert reply.json()["error"]["reason"]


def test_status_names_the_instance_and_its_state(fleet):
    status = fleet.a.status()
    assert status["instance"] and status["version"]
    store = status["store"]
    assert (store["kind"], store["state"], store["rejected"]) == ("etcd", "synced", None)
    assert store["verified_age_ms"] >= 0
    assert store["since"].endswith("Z")


def test_health_and_readiness(fleet):
    for proxy in fleet:
        assert proxy.admin("GET", "/healthz").status == 200
        assert proxy.admin("GET", "/readyz").status == 200


def test_metrics_count_requests_and_records(fleet, traffic, index):
    fleet.put(*DOCUMENT["directives"])
    traffic.recorded(fleet.a, traffic.search(fleet.a, index))
    metrics = eventually(
        lambda: (m := fleet.a.metrics()) and m.get("osproxy_records_total", 0) >= 1 and m
    )
    searches = [v for k, v in metrics.items() if k.startswith("osproxy_requests_total{") and
                'endpoint="Search"' in k]  # fmt: skip
    assert sum(searches) == 1
    assert metrics["osproxy_directives"] == 1


def test_an_unknown_path_and_a_wrong_method_are_refused(fleet):
    assert fleet.a.admin("GET", "/admin/nothing").status == 404
    assert fleet.a.admin("DELETE", "/admin/directives").status == 405


def test_beyond_loopback_all_but_health_and_metrics_needs_a_token(
    start_proxy, opensearch, tmp_path
):
    token = tmp_path / "token"
    token.write_text("a-token-of-thirty-two-characters\n")
    proxy = start_proxy(upstream=opensearch.url, arguments=["--admin-token-file", str(token)])
    assert proxy.admin("GET", "/admin/status").status == 401
    assert proxy.admin("POST", "/admin/directives", json_body=DOCUMENT).status == 401
    assert proxy.admin("GET", "/debug/breakglass").status == 401
    assert proxy.admin("GET", "/metrics").status == 200
    assert proxy.admin("GET", "/healthz").status == 200
    right = {"Authorization": "Bearer a-token-of-thirty-two-characters"}
    assert proxy.admin("GET", "/admin/status", headers=right).status == 200
