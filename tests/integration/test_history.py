"""Each change of the document has one entry in the history, however it was made; and rollback."""

import json
import os
import random
import re
import uuid

import pytest

from parts import CHEAP_PASSWORDS, Ctl, Etcd, Protected, eventually

DONE, CONFLICT, UNREACHABLE, NOT_FOUND = 0, 4, 5, 6

UPSTREAM = "http://127.0.0.1:9"  # nothing is sent there
DIRECTIVE = {"level": "Shape", "ttl_secs": 600}


@pytest.fixture
def key():
    return f"history/{uuid.uuid4().hex}/directives"


@pytest.fixture
def start(start_proxy, etcd, key):
    def start_one(name: str, *arguments: str):
        return start_proxy(
            name, upstream=UPSTREAM, etcd=etcd, key=key, arguments=arguments
        )

    return start_one


@pytest.fixture
def ctl(etcd, key):
    return Ctl.of_etcd(etcd, key)


def document(*ids: str) -> str:
    return json.dumps({"directives": [{"id": one, **DIRECTIVE} for one in ids]})


def entries(ctl: Ctl, count: int = 1000) -> list[dict]:
    done = ctl("history", "-n", str(count), "-o", "json")
    assert done.status == DONE, done.err
    return done.json()["entries"]


def revisions(ctl: Ctl) -> list[int]:
    return [one["revision"] for one in reversed(entries(ctl))]


def has_begun(etcd, key: str) -> None:
    state = key.removesuffix("directives") + "history/directives/state"
    eventually(lambda: etcd.etcdctl("get", state).get("kvs"), what="the history has begun")


def on(ctl: Ctl, name: str, *arguments: str) -> int:
    done = ctl("on", "--tenant", "acme", "--level", "Shape", "--ttl", "10m", "--id", name,
               "--no-wait", "-o", "json", *arguments)  # fmt: skip
    assert done.status == DONE, done.err
    return done.json()["revision"]


def test_each_way_to_change_it_has_one_entry(etcd, key, ctl, start):
    first = start("first")
    start("second")
    has_begun(etcd, key)
    made = [on(ctl, "a", "--reason", "INC-1", "--author", "ana")]
    reply = first.admin("POST", "/admin/directives?author=ben&reason=INC-2", body=document("b"))
    assert reply.status == 200, reply.body
    made.append(reply.json()["revision"])
    made.append(etcd.put(key, document("c")))
    etcd.delete(key)
    found = eventually(lambda: len(entries(ctl)) == 4 and entries(ctl), what="all are entered")
    deleted, by_hand, by_api, by_ctl = found
    assert [one["revision"] for one in (by_ctl, by_api, by_hand)] == made
    assert (by_ctl["author"], by_ctl["by"], by_ctl["reason"]) == ("ana", "osproxyctl on", "INC-1")
    assert (by_api["author"], by_api["by"], by_api["reason"]) == ("ben", "admin API", "INC-2")
    assert by_hand["author"] == "by hand"
    assert (by_hand["came"], by_hand["went"]) == (["c"], ["b"])
    assert deleted["deleted"] and deleted["went"] == ["c"]


def test_the_status_shows_what_an_instance_enters(etcd, key, ctl, start):
    proxy = start("only")
    has_begun(etcd, key)
    assert proxy.admin("POST", "/admin/directives", body=document("a")).status == 200
    etcd.put(key, document("b"))
    eventually(lambda: len(entries(ctl)) == 2, what="both are entered")
    shown = eventually(
        lambda: (found := proxy.admin("GET", "/admin/status").json()["history"])["by_hand"]
        and found
    )
    assert (shown["state"], shown["reason"]) == ("working", "")
    assert (shown["published"], shown["by_hand"], shown["trimmed"]) == (1, 1, 0)
    counts = proxy.metrics()
    assert counts['osproxy_etcd_history_entries_total{change="publish"}'] == 1
    assert counts['osproxy_etcd_history_entries_total{change="by_hand"}'] == 1
    assert counts["osproxy_etcd_history_failing"] == 0


def test_changes_without_an_instance_are_entered_later(etcd, key, ctl, start):
    first = start("first")
    has_begun(etcd, key)
    made = [on(ctl, "a")]
    assert first.stop() == 0
    made += [etcd.put(key, document("b")), etcd.put(key, document("c"))]
    made.append(on(ctl, "d", "--restart-ttl"))
    assert revisions(ctl) == [made[0], made[3]]
    start("again")
    eventually(lambda: revisions(ctl) == made, what="all are entered")


def test_each_of_many_changes_has_one_entry_despite_crashes(etcd, key, ctl, start):
    """OSPROXY_TEST_CHANGES is how many, OSPROXY_TEST_SEED which; each seed has other ones."""
    count = int(os.environ.get("OSPROXY_TEST_CHANGES", "60"))
    schedule = random.Random(int(os.environ.get("OSPROXY_TEST_SEED", "7")))
    bounds = ("--history-entries", str(count + 1))
    running = {name: start(name, *bounds) for name in ("first", "second")}
    has_begun(etcd, key)
    started = len(running)
    made, deleted, rolled_back = [], set(), set()
    for i in range(count):
        if schedule.random() < 0.05 and len(running) > 1:
            running.pop(schedule.choice(sorted(running))).kill()
        if len(running) < 2 and schedule.random() < 0.2:
            started += 1
            running[f"instance-{started}"] = start(f"instance-{started}", *bounds)
        proxy = running[schedule.choice(sorted(running))]
        way = schedule.choice(["ctl", "ctl by admin", "api", "put", "put", "malformed", "delete",
                               "rollback"])  # fmt: skip
        if way == "put":
            made.append(etcd.put(key, document(f"d{i}")))
        elif way == "malformed":
            made.append(etcd.put(key, f'{{"directives":{i}}}'))
        elif way == "delete" and made and made[-1] not in deleted:
            made.append(etcd.delete(key))
            deleted.add(made[-1])
        elif way == "api":
            reply = proxy.admin("POST", "/admin/directives?author=api", body=document(f"d{i}"))
            assert reply.status == 200, reply.body
            made.append(reply.json()["revision"])
        elif way == "rollback" and made:
            done = ctl("rollback", str(schedule.choice(made)), "--no-wait", "-o", "json",
                       "--author", "ctl")  # fmt: skip
            if done.status == DONE and done.json()["published"]:
                made.append(done.json()["revision"])
                rolled_back.add(made[-1])
        else:
            through = Ctl.of_admin(proxy) if way == "ctl by admin" else ctl
            done = through("publish", "-", "--no-wait", "-o", "json", "--author", "ctl",
                           stdin=document(f"d{i}"))  # fmt: skip
            assert done.status == DONE, done.err
            made.append(done.json()["revision"])
    eventually(lambda: revisions(ctl) == made, timeout=60, what="each has one entry")
    for one, previous in zip(entries(ctl), [*reversed(made[:-1]), 0], strict=True):
        assert one["author"] and one["time"], one
        assert one["previous"] == (0 if previous in deleted else previous), one
        assert one["deleted"] == (one["revision"] in deleted), one
        assert ("rollback" in one["by"]) == (one["revision"] in rolled_back), one


def test_rollback_by_osproxyctl_and_by_the_admin_api(etcd, key, ctl, start):
    proxy = start("first")
    one = on(ctl, "a")
    two = on(ctl, "b")
    assert ctl("off", "a", "--no-wait").status == DONE
    eventually(lambda: proxy.active() == ["b"])
    done = ctl("rollback", str(two), "--reason", "INC-3")
    assert done.status == DONE, done.err
    assert done.out.startswith(f"rolled back to revision {two} at revision ")
    assert sorted(proxy.active()) == ["a", "b"]
    assert entries(ctl)[0]["by"] == f"osproxyctl rollback {two}"

    reply = proxy.admin("POST", f"/admin/rollback?revision={one}&author=ben", body="")
    assert reply.status == 200, reply.body
    assert reply.json()["went"] == ["b"]
    eventually(lambda: proxy.active() == ["a"])
    newest = json.loads(proxy.admin("GET", "/admin/history?n=1").body)["entries"][0]
    assert (newest["author"], newest["by"]) == ("ben", f"admin API rollback {one}")


def test_a_rollback_does_not_prolong_a_life(etcd, key, ctl, start):
    start("first")
    revision = on(ctl, "a")
    published = ctl("list", "-o", "json").json()["directives"]
    assert ctl("off", "a", "--no-wait").status == DONE
    assert ctl("rollback", str(revision), "--no-wait").status == DONE
    assert ctl("list", "-o", "json").json()["directives"] == published


def test_a_conflict_says_who_and_changes_nothing(etcd, key, ctl, start):
    first = start("first")
    one = on(ctl, "a")
    on(ctl, "b", "--author", "ben", "--reason", "INC-4")
    done = ctl("publish", "-", "--if-revision", str(one), "--no-wait", stdin=document())
    assert done.status == CONFLICT
    assert "it is by ben, osproxyctl on" in done.err and "INC-4" in done.err
    done = ctl("rollback", str(one), "--if-revision", str(one))
    assert done.status == CONFLICT
    assert "it is by ben, osproxyctl on" in done.err and "INC-4" in done.err
    by_admin = Ctl.of_admin(first)
    for command in (("publish", "-"), ("rollback", str(one))):
        done = by_admin(*command, "--if-revision", str(one), "--no-wait", stdin=document())
        assert done.status == CONFLICT, done.err
        assert "it is by ben, osproxyctl on" in done.err and "INC-4" in done.err
    assert len(entries(ctl)) == 2


def test_an_unknown_revision_and_a_damaged_entry_are_one_line(etcd, key, ctl, start):
    start("first")
    on(ctl, "a")
    done = ctl("rollback", "999999")
    assert (done.status, len(done.err.splitlines())) == (NOT_FOUND, 1)
    prefix = key.removesuffix("directives") + "history/directives/"
    revision = etcd.put(prefix + "0" * 32, '{"format":2}')
    assert entries(ctl)[0] == {
        "revision": revision,
        "fault": "it has format 2, and this version reads 1: use a newer version",
    }
    done = ctl("rollback", str(revision))
    assert done.status == 1 and "it has format 2" in done.err


def test_the_oldest_are_removed_and_never_entered_again(etcd, key, ctl, start):
    first = start("first", "--history-entries", "5")
    has_begun(etcd, key)
    made = [etcd.put(key, document(f"d{i}")) for i in range(12)]
    eventually(lambda: revisions(ctl)[-1:] == made[-1:], what="the changes by hand are entered")
    made += [on(ctl, f"e{i}", "--restart-ttl") for i in range(3)]
    eventually(lambda: revisions(ctl) == made[-5:], timeout=30, what="the oldest are removed")
    kept = revisions(ctl)
    assert first.stop() == 0
    start("again", "--history-entries", "5")
    made.append(etcd.put(key, document("last")))
    eventually(lambda: revisions(ctl)[-1] == made[-1])
    assert set(revisions(ctl)) <= {*kept, made[-1]}
    gone = ctl("history", "show", str(kept[0] - 1))
    assert gone.status == NOT_FOUND
    assert re.search(r"entries up to revision \d+ have been removed", gone.err)


def test_large_changes_while_nobody_ran_are_entered(tmp_path, start_proxy):
    """With etcd's limit raised, one message of the watch has more than an instance receives."""
    limit = 64 << 20
    with Etcd(tmp_path, "raised", arguments=["--max-request-bytes", str(limit)]) as etcd:
        key = "osproxy/directives"
        ctl = Ctl.of_etcd(etcd, key)

        def start_one(name: str):
            return start_proxy(name, upstream=UPSTREAM, etcd=etcd, key=key)

        first = start_one("first")
        has_begun(etcd, key)
        assert first.stop() == 0
        made = [etcd.put_over_http(key, document(f"d{i}").ljust(1_000_000)) for i in range(20)]
        huge = etcd.put_over_http(key, document("huge").ljust(30_000_000))
        made += [huge]
        made += [etcd.put_over_http(key, document(f"e{i}").ljust(1_000_000)) for i in range(20)]
        second = start_one("second")
        eventually(lambda: revisions(ctl) == made, timeout=120, what="each has one entry")
        made.append(etcd.put(key, document("small")))
        made.append(etcd.put_over_http(key, document("huge again").ljust(30_000_000)))
        made.append(etcd.put(key, document("last")))
        eventually(lambda: revisions(ctl) == made, timeout=60, what="so have later ones")
        for one, previous in zip(entries(ctl), [*reversed(made[:-1]), 0], strict=True):
            is_huge = one["revision"] in (huge, made[-2])
            assert one["previous"] == previous, one
            assert one["kept"] == (not is_huge), one
            assert one["rejected"] == ("too_large" if is_huge else None), one
        done = ctl("history", "show", str(made[5]))
        assert done.status == DONE and "d5" in done.out, done.out
        done = ctl("rollback", str(huge), "--no-wait")
        assert done.status == 1 and "does not keep the document" in done.err
        assert eventually(lambda: second.active() == ["last"])


def test_without_the_permission_nothing_is_published(tmp_path):
    with Etcd(tmp_path, "protected", arguments=CHEAP_PASSWORDS) as etcd:
        protected = Protected(etcd, tmp_path)
        protected.revoke_operators_the_history()
        ctl = protected.ctl()
        done = ctl("publish", "-", "--no-wait", stdin=document("a"))
        assert done.status == UNREACHABLE
        assert "nothing was published" in done.err and '"osproxy/history/directives/"' in done.err
        assert "no directives" in ctl("list").out
        assert ctl("publish", "-", "--no-wait", "--no-history", stdin=document("a")).status == DONE


def test_a_store_without_etcd_keeps_no_history(start_proxy):
    proxy = start_proxy("alone", upstream=UPSTREAM)
    done = Ctl.of_admin(proxy)("history")
    assert done.status == 1
    assert "memory store, which keeps no history" in done.err
    assert proxy.admin("GET", "/admin/history").status == 404
