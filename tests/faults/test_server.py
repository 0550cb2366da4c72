"""Something happens to the server."""

import signal
import time


def test_killed_and_restarted(row, own_etcd):
    """killed and restarted"""
    row.follow(own_etcd)
    own_etcd.kill()
    noticed = row.noticed(since=time.time())
    own_etcd.start()
    row.put()
    row.tell(f"noticed after {noticed:.1f} s, the next change seen after {row.seen():.1f} s")


def test_restarted(row, own_etcd):
    """restarted in order"""
    row.follow(own_etcd)
    since = time.time()
    own_etcd.stop()
    own_etcd.start()
    row.put()
    noticed = row.noticed(since)
    row.tell(f"noticed after {noticed:.1f} s, the next change seen after {row.seen():.1f} s")


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
    row.tell(f"noticed after {noticed:.1f} s, the next change seen after {row.seen():.1f} s")
