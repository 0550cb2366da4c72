"""Changes of the key, or of its history, while the client is disconnected."""

import time


def away(row, etcd, relay):
    """Starts the row on a link, and cuts it."""
    link = relay(etcd)
    row.follow(etcd, link.endpoint)
    link.cut()
    row.noticed(since=time.time())
    return link


def back(row, link) -> None:
    link.mend()
    row.report(f"synced {row.seen(since=time.time()):.1f} s after the link was back")


def test_compacted_while_away(row, etcd, relay):
    """compacted while away"""
    link = away(row, etcd, relay)
    row.put()
    etcd.compact(row.put().revision)
    back(row, link)


def test_deleted_while_away(row, etcd, relay):
    """deleted while away"""
    link = away(row, etcd, relay)
    row.delete()
    back(row, link)


def test_deleted_and_compacted_while_away(row, etcd, relay):
    """deleted and compacted while away"""
    link = away(row, etcd, relay)
    row.delete()
    etcd.compact(etcd.put("another/key", "x"))
    back(row, link)


def test_malformed_while_away(row, etcd, relay):
    """malformed publish while away"""
    link = away(row, etcd, relay)
    row.put_malformed('{"directives":[{"level":"Shape","ttl_secs":1}]}', "missing_id")
    back(row, link)
    row.put()
    row.seen()


def test_deleted_and_put_again(row, etcd):
    """deleted and put again, while watching"""
    row.follow(etcd)
    row.delete()
    gone = row.seen()
    row.put()
    row.report(f"gone after {gone * 1000:.0f} ms, back after {row.seen() * 1000:.0f} ms")


def restored(row, etcd, action) -> None:
    """Takes a snapshot, puts what the snapshot does not have, restores it, then `action`."""
    row.follow(etcd)
    saved = row.history.last
    etcd.save_snapshot(etcd.dir / "snapshot")
    for _ in range(5):
        row.put()
    row.seen()

    def restore() -> None:
        etcd.kill()
        etcd.restore_snapshot(etcd.dir / "snapshot")
        etcd.start()
        action()

    row.becomes(saved, restore)
    seen = row.seen()
    row.put()
    row.report(
        f"adopted {seen:.1f} s after the link was back, "
        f"the next change seen after {row.seen() * 1000:.0f} ms"
    )
    assert row.instance.lineage_resets() == 1


def test_restored_from_an_older_backup(row, own_etcd):
    """restored from an older backup"""
    restored(row, own_etcd, lambda: None)


def test_restored_and_written_to_past_the_old_revision(row, own_etcd):
    """restored from an older backup, then written to past the old revision"""

    def overtake() -> None:
        for _ in range(10):
            own_etcd.put("another/key", "x")

    restored(row, own_etcd, overtake)


def test_another_cluster(row, etcd, own_etcd, relay):
    """another cluster behind the address"""
    link = relay(etcd)
    for _ in range(10):
        etcd.put("another/key", "x")  # what was there is at a higher revision than what comes
    row.follow(etcd, link.endpoint)
    row.etcd, link.target = own_etcd, own_etcd.endpoint
    row.put(new_lineage=True)
    since = time.time()
    link.reset()
    seen = row.seen(since)
    row.put()
    row.report(f"adopted after {seen:.1f} s, the next change seen after {row.seen() * 1000:.0f} ms")
    assert row.instance.lineage_resets() == 1
