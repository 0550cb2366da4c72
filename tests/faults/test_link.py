"""Faults of the link to the server."""

import time

from witness import Footprint

from parts import Ctl, Process, eventually, program
from parts.process import free_port

# How long a link flaps, and how often it changes.
FLAPPING_S = 15
FLAP_INTERVAL_S = 0.2
# gRPC's pools start another thread when all are busy, and keep it. A leak for each broken
# connection would be more: some eight break. The memory limit allows for the allocator's caches.
MAX_MORE_THREADS = 2
# Each thread that polls has a descriptor that wakes it.
MAX_MORE_DESCRIPTORS = MAX_MORE_THREADS
MAX_GROWTH_KIB = 1024


def test_cut(row, etcd, relay):
    """link cut"""
    link = relay(etcd)
    row.follow(etcd, link.endpoint)
    since = time.time()
    link.cut()
    row.put()
    noticed = row.noticed(since)
    link.mend()
    seen = row.seen(since=time.time())
    row.report(f"noticed after {noticed:.1f} s, synced {seen:.1f} s after it was mended")


def test_silent_with_new_connections_passing(row, etcd, relay):
    """link silent, new connections pass"""
    link = relay(etcd)
    row.follow(etcd, link.endpoint)
    since = time.time()
    link.silence()
    row.put()
    noticed, seen = row.noticed(since), row.seen(since)
    row.report(f"noticed after {noticed:.1f} s, change seen after {seen:.1f} s")
    assert seen <= 10


def test_flapping(row, etcd, relay):
    """link flapping every 200 ms"""
    link = relay(etcd)
    row.follow(etcd, link.endpoint)
    link.reset()  # objects that the first reconnect creates once are no leak
    row.put()
    row.seen()
    pids = [client.pid for client in row.clients]
    before = [Footprint.of(pid) for pid in pids]
    end = time.time() + FLAPPING_S
    while time.time() < end:
        link.cut()
        time.sleep(FLAP_INTERVAL_S)
        link.mend()
        row.put()
        time.sleep(FLAP_INTERVAL_S)
    seen = row.seen(since=time.time())
    grown = eventually(lambda: _not_grown(before, pids), what="the clients are as small as before")
    row.report(
        f"synced {seen:.1f} s after the end; {row.instance.reconnects()} connections lost; "
        f"threads {_each(before, 'threads')} -> {_each(grown, 'threads')}, "
        f"descriptors {_each(before, 'descriptors')} -> {_each(grown, 'descriptors')}, "
        f"KiB {_each(before, 'anonymous_kib')} -> {_each(grown, 'anonymous_kib')}"
    )


def _not_grown(before: list[Footprint], pids: list[int]) -> list[Footprint]:
    after = [Footprint.of(pid) for pid in pids]
    for old, new in zip(before, after, strict=True):
        assert new.threads <= old.threads + MAX_MORE_THREADS, f"{old} -> {new}"
        assert new.descriptors <= old.descriptors + MAX_MORE_DESCRIPTORS, f"{old} -> {new}"
        assert new.anonymous_kib <= old.anonymous_kib + MAX_GROWTH_KIB, f"{old} -> {new}"
    return after


def _each(footprints: list[Footprint], name: str) -> str:
    return "/".join(str(getattr(one, name)) for one in footprints)


def test_stopped_while_the_link_is_silent(row, etcd, relay):
    """client stopped while its link is silent"""
    link = relay(etcd)
    row.follow(etcd, link.endpoint)
    link.silence()
    row.report(f"ended after {row.stop_clients():.1f} s")


class _Attempt(Process):
    """Runs a program that cannot start; returns how long it takes to fail."""

    def __init__(self, run_dir, name: str, command: list[str]):
        super().__init__(run_dir, name)
        self._command = command

    def command(self) -> list[str]:
        return self._command

    def status(self) -> int:
        return self.process.wait(30)


def test_silent_at_start(row, etcd, relay):
    """endpoint that accepts and says nothing, at start"""
    silent = relay(etcd, mute=True).endpoint
    watch = _Attempt(row.dir, "watch", Ctl("--endpoints", silent).command("watch"))
    instance = _Attempt(
        row.dir, "osproxy",
        [str(program("osproxy")), "--listen", f"127.0.0.1:{free_port()}",
         "--admin-listen", f"127.0.0.1:{free_port()}", "--upstream", "http://127.0.0.1:9",
         "--etcd-endpoints", silent],
    )  # fmt: skip
    took = []
    for attempt in (watch, instance):
        began = time.monotonic()
        attempt.launch()
        assert attempt.status() not in (0, 2)
        took.append(time.monotonic() - began)
        assert silent in attempt.log()
    row.report(f"given up after {max(took):.1f} s")
    # The deadline for connecting is 5 s; the rest is for loading and ending the programs.
    assert max(took) <= 5 + 2
