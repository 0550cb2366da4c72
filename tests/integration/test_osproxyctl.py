"""osproxyctl as a person uses it, against a running fleet."""

import json
import queue
import signal
import subprocess
import threading
import time

import pytest

from parts import Ctl, eventually
from parts.process import free_port

# Published formats: scripts rely on them.
DONE, FAILED, USAGE, REJECTED, UNREACHABLE, NOT_FOUND, NOT_APPLIED = 0, 1, 2, 3, 5, 6, 7

ON = ("on", "--tenant", "acme", "--endpoint", "Search", "--level", "Shape")


@pytest.fixture(params=["etcd", "admin"])
def ctl(request, fleet) -> Ctl:
    """Through etcd itself, and through the admin listener of one instance."""
    return fleet.ctl if request.param == "etcd" else Ctl.of_admin(fleet.a)


def test_on_select_explain_off(fleet, ctl, traffic, index):
    done = ctl(*ON, "--ttl", "10m", "--reason", "INC-2291", "--author", "ana", "--output", "json")
    assert done.status == DONE, done.err
    published = done.json()
    assert published["expires_at"].endswith("Z")
    fleet.wait_for(published["revision"])
    for proxy in fleet:
        assert proxy.active() == [published["id"]]
        selected = traffic.search(proxy, index, tenant="acme")
        traffic.recorded(proxy, selected)
        traffic.not_recorded(proxy, traffic.search(proxy, index, tenant="other"))
        explained = Ctl.of_admin(proxy)("explain", selected, "--output", "json")
        assert explained.status == DONE
        assert explained.json() == proxy.explain(selected)
    off = ctl("off", published["id"], "--output", "json")
    assert off.status == DONE
    assert off.json()["off"] == [published["id"]]
    fleet.wait_for(off.json()["revision"])
    for proxy in fleet:
        traffic.not_recorded(proxy, traffic.search(proxy, index, tenant="acme"))


def test_on_as_text_says_what_was_published_and_until_when(fleet, ctl):
    done = ctl(*ON, "--ttl", "10m", "--id", "mine")
    assert done.status == DONE
    plan, published, *_ = done.out.splitlines()
    assert plan.startswith("plan: in the last ") and published.startswith("published mine at revision ")
    assert "expires 20" in published


def await_acks(fleet) -> None:
    of_fleet = Ctl.of_admin(fleet.a)
    eventually(lambda: len(of_fleet("fleet", "-o", "json").json()["instances"]) == 2)


def test_on_and_off_wait_until_the_fleet_has_applied_it(fleet, ctl, traffic, index):
    await_acks(fleet)
    done = ctl(*ON, "--ttl", "10m", "--id", "mine")
    assert done.status == DONE, done.err
    assert "\napplied 2/2 in " in done.out
    for proxy in fleet:  # at once: the command has waited
        assert proxy.active() == ["mine"]
    traffic.recorded(fleet.a, traffic.search(fleet.a, index, tenant="acme"))
    off = ctl("off", "mine", "--output", "json")
    assert off.status == DONE
    # The count is not waited for longer than a person would: a slow machine may not give it.
    assert off.json()["recorded"] in (1, None)
    assert off.json()["fleet"]["missing"] == []
    for proxy in fleet:
        assert proxy.active() == []


def test_an_instance_that_hangs_is_named(fleet, ctl):
    await_acks(fleet)
    name = fleet.b.status()["instance"]
    fleet.b.send(signal.SIGSTOP)
    try:
        done = ctl(*ON, "--ttl", "10m", "--id", "mine", "--wait", "300ms")
        published = ctl("list", "--output", "json").json()
    finally:
        fleet.b.send(signal.SIGCONT)
    assert done.status == NOT_APPLIED
    assert f"\n  not {name}: it has not reported it yet\n" in done.out
    assert [one["id"] for one in published["directives"]] == ["mine"]


def test_on_adds_to_what_is_there_and_refuses_an_id_that_is_taken(fleet, ctl):
    assert ctl(*ON, "--ttl", "10m", "--id", "one").status == DONE
    assert ctl(*ON, "--ttl", "10m", "--id", "two").status == DONE
    taken = ctl(*ON, "--ttl", "5m", "--id", "one")
    assert (taken.status, "one" in taken.err) == (FAILED, True)
    for proxy in fleet:
        eventually(lambda proxy=proxy: proxy.active() == ["one", "two"])


def test_off_of_an_unknown_id_changes_nothing(fleet, ctl):
    revision = fleet.put({"id": "kept", "level": "Shape", "ttl_secs": 600})
    done = ctl("off", "nope")
    assert done.status == NOT_FOUND
    assert "nope" in done.err and "kept" in done.err
    assert fleet.a.status()["store"]["revision"] == revision


def test_list_shows_the_document(fleet, ctl):
    ctl(*ON, "--ttl", "10m", "--id", "shown", "--reason", "look here")
    eventually(lambda: fleet.a.active() == ["shown"])
    listed = ctl("list", "--output", "json")
    assert listed.status == DONE
    (directive,) = listed.json()["directives"]
    assert (directive["id"], directive["reason"]) == ("shown", "look here")
    assert "ttl_secs" not in directive
    text = ctl("list").out
    assert "shown" in text and "tenant=acme" in text and "look here" in text


@pytest.mark.parametrize("source", ["file", "stdin"])
def test_publish_replaces_the_document(fleet, ctl, tmp_path, source):
    ctl(*ON, "--ttl", "10m", "--id", "old")
    document = json.dumps({"directives": [{"id": "new", "level": "Shape", "ttl_secs": 600}]})
    path = tmp_path / "directives.json"
    path.write_text(document)
    done = ctl("publish", str(path) if source == "file" else "-",
               "--output", "json", stdin=document)  # fmt: skip
    assert done.status == DONE, done.err
    fleet.wait_for(done.json()["revision"])
    for proxy in fleet:
        assert proxy.active() == ["new"]


def test_publish_refuses_a_malformed_document_with_slug_and_place(fleet, ctl):
    ctl(*ON, "--ttl", "10m", "--id", "kept")
    eventually(lambda: fleet.a.active() == ["kept"])
    bad = '{"directives":[{"id":"x","level":"Shape","ttl_secs":9,"tenant":7}]}'
    done = ctl("publish", "-", stdin=bad)
    assert done.status == REJECTED
    assert "bad_tenant" in done.err and "directives[0].tenant" in done.err
    assert fleet.a.active() == ["kept"]
    assert fleet.a.status()["store"]["rejected"] is None


def test_status_of_a_healthy_fleet(fleet):
    revision = fleet.put({"id": "d1", "level": "Shape", "ttl_secs": 600})
    everywhere = Ctl("--admin", f"{fleet.a.admin_url},{fleet.b.admin_url}")
    done = everywhere("status", "--output", "json")
    assert done.status == DONE, done.err
    response = done.json()
    assert response["synced"] is True
    assert [i["status"]["store"]["revision"] for i in response["instances"]] == [revision] * 2
    text = everywhere("status").out
    assert text.startswith(f"2/2 synced, revision {revision}\n")
    assert "d1" in text


def test_status_shows_a_rejection_and_fails(fleet):
    fleet.etcd.put(fleet.key, "[]")
    eventually(lambda: fleet.a.status()["store"]["rejected"])
    done = Ctl.of_admin(fleet.a)("status")
    assert done.status == FAILED
    assert "not_an_object" in done.out


def test_status_of_an_instance_that_is_gone(fleet):
    gone = f"http://127.0.0.1:{free_port()}"
    done = Ctl("--admin", f"{fleet.a.admin_url},{gone}")("status", "--output", "json")
    assert done.status == UNREACHABLE
    here, there = done.json()["instances"]
    assert here["status"]["store"]["state"] == "synced"
    assert there["status"] is None and there["error"]


def test_explain_of_an_unknown_id_says_so(fleet):
    done = Ctl.of_admin(fleet.a)("explain", "never-seen")
    assert done.status == NOT_FOUND
    assert "never-seen" in done.err


def test_off_all_works_on_a_malformed_document(fleet, ctl):
    fleet.put({"id": "d1", "level": "Shape", "ttl_secs": 600})
    fleet.etcd.put(fleet.key, "{")
    eventually(lambda: fleet.a.status()["store"]["rejected"])
    done = fleet.ctl("off", "--all", "--output", "json")
    assert done.status == DONE, done.err
    fleet.wait_for(done.json()["revision"])
    for proxy in fleet:
        assert proxy.active() == []
        assert proxy.status()["store"]["rejected"] is None


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((*ON, "--ttl", "soon"), "--ttl"),
        ((*ON,), "--ttl"),
        (("on", "--tenant", "a", "--level", "Loud", "--ttl", "1m"), "--level"),
        (("on", "--level", "Shape", "--ttl", "1m"), "--all"),
        (("on", "--endpoint", "Nope", "--level", "Shape", "--ttl", "1m"), "--endpoint"),
        (("list", "--output", "xml"), "--output"),
        (("no-such-command",), "no-such-command"),
    ],
)
def test_a_wrong_flag_is_named_and_nothing_is_sent(fleet, arguments, named):
    done = fleet.ctl(*arguments)
    assert done.status == USAGE
    assert named in done.err
    assert fleet.a.status()["store"]["revision"] == 0


def test_etcd_that_is_not_there_is_named():
    endpoint = f"127.0.0.1:{free_port()}"
    done = Ctl("--endpoints", endpoint, "--timeout", "2s")("list")
    assert done.status == UNREACHABLE
    assert endpoint in done.err


@pytest.mark.parametrize("verb", ["", "publish", "on", "off", "list", "status", "watch", "explain"])
def test_help_has_examples(verb):
    done = Ctl()(*([verb, "--help"] if verb else ["--help"]))
    assert done.status == DONE
    assert "osproxyctl" in done.out and "Example" in done.out


@pytest.mark.parametrize(
    ("arguments", "suggestion"),
    [
        (("lst",), "did you mean list?"),
        (("list", "--enpoints", "127.0.0.1:2379"), "did you mean --endpoints?"),
    ],
)
def test_a_misspelt_name_is_refused_with_the_nearest(arguments, suggestion):
    done = Ctl()(*arguments)
    assert done.status == USAGE
    assert suggestion in done.err


class Watch:
    """`osproxyctl watch --output json`, its lines as they come."""

    def __init__(self, ctl: Ctl, *arguments: str):
        self._process = subprocess.Popen(
            ctl.command("watch", "--output", "json", *arguments),
            stdout=subprocess.PIPE,
            text=True,
        )
        self._lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._process.stdout:
            self._lines.put(json.loads(line))

    def next(self, timeout: float = 30) -> dict:
        return self._lines.get(timeout=timeout)

    def until(self, condition) -> dict:
        """The first line that is so; the ones before it are dropped."""
        deadline = time.monotonic() + 40
        while not condition(line := self.next(max(0.1, deadline - time.monotonic()))):
            pass
        return line

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        assert self._process.wait(30) == 0


def test_watch_prints_a_line_whenever_something_changes(make_fleet, own_etcd):
    fleet = make_fleet(own_etcd)
    with Watch(fleet.ctl) as watch:
        first = watch.until(lambda line: line["state"] == "synced")
        assert (first["active"], first["rejected"]) == ([], None)
        assert abs(first["t"] - time.time()) < 30
        assert first["verified_age_ms"] >= 0

        revision = fleet.etcd.put(
            fleet.key, '{"directives":[{"id":"d1","level":"Shape","ttl_secs":600}]}'
        )
        line = watch.next()
        assert (line["revision"], line["active"]) == (revision, ["d1"])

        bad = fleet.etcd.put(fleet.key, '{"directives":[{"id":""}]}')
        line = watch.next()
        assert (line["revision"], line["active"]) == (revision, ["d1"])
        assert line["rejected"] == {"revision": bad, "slug": "bad_id", "where": "directives[0].id"}

        fleet.etcd.put(fleet.key, '{"directives":[{"id":"d2","level":"Shape","ttl_secs":3}]}')
        line = watch.until(lambda line: line["active"] == ["d2"])
        assert line["rejected"] is None
        assert watch.next()["active"] == []  # expired

        fleet.etcd.delete(fleet.key)
        own_etcd.kill()
        watch.until(lambda line: line["state"] in ("suspect", "stale"))
        own_etcd.start()
        watch.until(lambda line: line["state"] == "synced")


def test_watch_as_text(fleet):
    process = subprocess.Popen(fleet.ctl.command("watch"), stdout=subprocess.PIPE, text=True)
    try:
        assert any(" synced " in line for line in process.stdout)
        fleet.put({"id": "d1", "level": "Shape", "ttl_secs": 600})
        assert "d1" in process.stdout.readline()
    finally:
        process.terminate()
        assert process.wait(30) == 0
