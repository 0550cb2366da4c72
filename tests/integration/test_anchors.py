"""A ttl_secs put by hand ends everywhere at the same moment, however late an instance starts."""

import base64
import json
import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from test_osproxyctl import Watch

from parts import Ctl, eventually

BY_HAND = {"id": "by-hand", "level": "Shape", "ttl_secs": 600}


@pytest.fixture
def key():
    return f"anchored/{uuid.uuid4().hex}/directives"


@pytest.fixture
def start(start_proxy, opensearch, etcd, key):
    def start_one(name: str):
        return start_proxy(name, upstream=opensearch.url, etcd=etcd, key=key)

    return start_one


def put(etcd, key: str, *directives: dict) -> int:
    return etcd.put(key, json.dumps({"directives": directives}))


def end_of(proxy) -> str:
    (one,) = eventually(lambda: proxy.status()["directives"], what="the directive is there")
    return one["expires_at"]


def anchors(etcd, key: str) -> list[str]:
    prefix = key.removesuffix("directives") + "anchors/directives/"
    found = etcd.etcdctl("get", "--prefix", prefix).get("kvs", [])
    return [base64.b64decode(entry["value"]).decode() for entry in found]


def test_a_later_instance_counts_from_when_the_fleet_first_saw_it(etcd, key, start):
    first = start("first")
    put(etcd, key, BY_HAND)
    end = end_of(first)
    (anchor,) = eventually(lambda: anchors(etcd, key), what="the anchor is written")
    assert anchor.endswith(" by-hand")
    time.sleep(2)
    assert end_of(start("second")) == end


def test_a_restart_of_all_does_not_extend_it(etcd, key, start):
    first = start("first")
    put(etcd, key, BY_HAND)
    end = end_of(first)
    eventually(lambda: anchors(etcd, key))
    assert first.stop() == 0
    time.sleep(2)
    assert end_of(start("again")) == end


def test_an_edit_of_another_directive_does_not_extend_it(etcd, key, start):
    first = start("first")
    put(etcd, key, BY_HAND)
    end = end_of(first)
    eventually(lambda: anchors(etcd, key))
    revision = put(etcd, key, BY_HAND, {**BY_HAND, "id": "other", "ttl_secs": 60})
    eventually(lambda: first.status()["store"]["revision"] == revision)
    second = start("second")
    ends = {d["id"]: d["expires_at"] for d in second.status()["directives"]}
    assert ends["by-hand"] == end


def test_an_anchor_is_deleted_with_its_directive(etcd, key, start):
    first = start("first")
    put(etcd, key, BY_HAND)
    end = end_of(first)
    eventually(lambda: anchors(etcd, key))
    put(etcd, key)
    eventually(lambda: anchors(etcd, key) == [], timeout=40, what="the anchor is removed")
    put(etcd, key, BY_HAND)
    assert end_of(first) > end


def test_a_directive_put_back_at_once_starts_again_everywhere(etcd, key, start):
    first = start("first")
    put(etcd, key, BY_HAND)
    end = end_of(first)
    (anchor,) = eventually(lambda: anchors(etcd, key))
    put(etcd, key)
    put(etcd, key, BY_HAND)
    eventually(lambda: anchors(etcd, key) not in ([], [anchor]), what="the anchor is replaced")
    assert end_of(first) > end
    assert end_of(start("second")) == end_of(first)


def test_a_directive_that_the_fleet_saw_end_does_not_come_back(etcd, key, start):
    ctl = Ctl.of_etcd(etcd, key)
    put(etcd, key, {**BY_HAND, "ttl_secs": 3})
    began = datetime.now(UTC)
    with Watch(ctl) as watch:
        watch.until(lambda line: line["active"] == ["by-hand"])
        watch.until(lambda line: line["active"] == [])
        assert datetime.now(UTC) >= began + timedelta(seconds=2)
    with Watch(ctl) as watch:
        line = watch.next()
        assert (line["state"], line["active"]) == ("synced", [])
    assert start("late").active() == []
