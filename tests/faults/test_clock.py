"""The clients' wall clock is set; the boot clock is not changed.

The kernel's waits are not shifted. gRPC's timers wait for a wall time: if the clients'
clock is ahead of the kernel's they end hours late, as on a machine whose clock has been set back.
"""

import struct
import time
from datetime import timedelta

import pytest
from row import PATIENCE_S

from parts import eventually, program

LIFE_S = 6
HOUR_S = 3600


class WallClock:
    """The wall clock of the programs that are started with its `environment`."""

    def __init__(self, path):
        self._path = path
        self._shift = 0
        path.write_bytes(struct.pack("q", 0))
        self.environment = {
            "LD_PRELOAD": str(program("libwall_clock.so")),
            "OSPROXY_TEST_WALL_CLOCK": str(path),
        }

    def shift(self, seconds: int) -> None:
        """Sets it to this many seconds ahead of the machine's."""
        self._shift = seconds
        with self._path.open("r+b", buffering=0) as file:
            file.write(struct.pack("q", seconds * 10**9))

    def true_time(self, t: float) -> float:
        """The machine's time when this clock, before or after it was set, showed `t`."""
        now = time.time()
        return min(t, t - self._shift, key=lambda one: abs(one - now))


@pytest.fixture
def wall_clock(tmp_path) -> WallClock:
    return WallClock(tmp_path / "wall-clock")


def ends(row, begin: float) -> float:
    """Waits until no client has a directive in force; returns the seconds from `begin`."""
    for client in row.clients:
        eventually(lambda client=client: client.observations()[-1].active == (), PATIENCE_S,
                   f"{client.name} shows the end of the directive")  # fmt: skip
    seconds = time.monotonic() - begin
    row.expired()
    return seconds


def test_set_forward(row, etcd, wall_clock):
    """the clients' wall clock set forward by two hours"""
    row.follow(etcd, clock=wall_clock)
    begin = time.monotonic()
    wall_clock.shift(2 * HOUR_S)
    ended = ends(row, begin)
    stopped = row.stop_clients()
    row.report(f"a life of one hour ended after {ended:.1f} s, stopped within {stopped:.1f} s")


def test_set_back(row, etcd, wall_clock):
    """the clients' wall clock set back by an hour"""
    row.follow(etcd, clock=wall_clock)
    row.put(life=timedelta(seconds=LIFE_S))
    row.seen()
    begin = time.monotonic()
    wall_clock.shift(-HOUR_S)
    ended = ends(row, begin)
    row.report(f"a life of {LIFE_S} s ended after {ended:.1f} s")
