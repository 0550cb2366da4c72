"""Faults of the server."""

import base64
import contextlib
import signal
import threading
import time

from parts import eventually, request


def test_killed_and_restarted(row, own_etcd):
    """killed and restarted"""
    row.follow(own_etcd)
    own_etcd.kill()
    noticed = row.noticed(since=time.time())
    own_etcd.start()
    row.put()
    row.report(f"noticed after {noticed:.1f} s, the next change seen after {row.seen():.1f} s")


def test_restarted(row, own_etcd):
    """restarted in order"""
    row.follow(own_etcd)
    since = time.time()
    own_etcd.stop()
    own_etcd.start()
    row.put()
    noticed = row.noticed(since)
    row.report(f"noticed after {noticed:.1f} s, the next change seen after {row.seen():.1f} s")


def test_frozen_for_12_s(row, own_etcd):
    """frozen by SIGSTOP for 12 s"""
    row.follow(own_etcd)
    since = time.time()
    own_etcd.send(signal.SIGSTOP)
    try:
        noticed = row.noticed(since)
        time.sleep(max(0, since + 12 - time.time()))
    finally:
        own_etcd.send(signal.SIGCONT)
    row.put()
    row.report(f"noticed after {noticed:.1f} s, the next change seen after {row.seen():.1f} s")


def test_killed_while_a_deletion_happens(row, own_etcd):
    """killed while a deletion happens"""
    row.follow(own_etcd)
    kills, deleted, slowest = 5, 0, 0.0
    for number in range(kills):
        deleted += row.try_to_delete(lambda number=number: _kill_within(own_etcd, row.key, number))
        row.put()
        slowest = max(slowest, row.seen())
    row.report(
        f"{kills} times, {deleted} deletions had happened, "
        f"the next change seen after {slowest:.1f} s"
    )


def _kill_within(etcd, key: str, milliseconds: int) -> None:
    """Asks `etcd` to delete the key, kills it so long after, and starts it again."""
    name = base64.b64encode(key.encode()).decode()

    def delete() -> None:
        with contextlib.suppress(OSError):
            request("POST", f"{etcd.url}/v3/kv/deleterange", json_body={"key": name})

    deletion = threading.Thread(target=delete)
    deletion.start()
    time.sleep(milliseconds / 1000)
    etcd.kill()
    deletion.join()
    etcd.start()


def test_lease_of_an_ack_revoked(row, etcd):
    """lease of an instance's ack revoked"""
    row.follow(etcd)
    lost = eventually(lambda: _ack_lease(row), 30, "the instance has written its ack")
    since = time.time()
    etcd.run_etcdctl("lease", "revoke", f"{lost:x}")
    eventually(lambda: _ack_lease(row) not in (None, lost), 60, "the ack is back")
    back = time.time() - since
    row.put()
    row.report(f"the ack back after {back:.1f} s, the next change seen after {row.seen():.1f} s")


def _ack_lease(row) -> int | None:
    """The lease of the instance's ack."""
    fleet = row.key.removesuffix("directives") + "fleet/"
    keys = row.etcd.etcdctl("get", "--prefix", fleet).get("kvs", [])
    return keys[0]["lease"] if keys else None
