"""Unusual values, and a burst of them."""

from row import document

from parts import Etcd

MIB = 1 << 20


def padded(size: int) -> str:
    """A valid document of this size."""
    text = document("padded")
    return text + " " * (size - len(text))


def refused_and_replaced(row, etcd: Etcd, size: int) -> None:
    row.put_malformed(padded(size), "too_large", put=etcd.put_over_http)
    refused = row.seen()
    row.put()
    row.report(
        f"refused after {refused * 1000:.0f} ms, the last good set stayed, "
        f"the next change seen after {row.seen() * 1000:.0f} ms"
    )


def test_larger_than_a_document_may_be(row, etcd):
    """value of 1.4 MiB, close to etcd's limit"""
    row.follow(etcd)
    refused_and_replaced(row, etcd, 14 * MIB // 10)


def test_larger_than_a_message_may_be(row, roomy_etcd):
    """value of 6 MiB, larger than what a client receives"""
    row.follow(roomy_etcd)
    refused_and_replaced(row, roomy_etcd, 6 * MIB)


def test_burst(row, etcd):
    """2,000 puts as fast as etcd takes them"""
    row.follow(etcd)
    began = row.history.last.ended
    for _ in range(2000):
        row.put(put=etcd.put_over_http)
    row.report(
        f"put within {row.history.last.ended - began:.1f} s, "
        f"the last one seen {row.seen() * 1000:.0f} ms after it"
    )
