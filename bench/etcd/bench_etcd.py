"""Compares osproxy's stores with the official Go client: speed and cost of seeing a change.

Both run the same number of watchers on one key of one etcd, in one process or spread over several.
Each watcher has a separate connection. The two are measured in turn for some rounds, and the table
shows the medians. docs/testing.md describes the columns.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import median, quantiles

from parts import CURRENT_ETCD, Etcd
from parts.process import parts_dir

KEY = "bench/directives"
DOCUMENT = (
    '{"directives":[{"id":"bench-1","tenant":"acme","endpoint":"Search","level":"ShapeTiming",'
    '"ttl_secs":3600,"reason":"INC-2291"}]}'
)
GO = parts_dir() / "etcd-bench" / "etcd_go"


@dataclass(frozen=True)
class Setup:
    """A row of the table: the numbers of watchers, processes and puts per round. In the pause
    between two puts, every watcher should finish with the first.
    """

    watchers: int
    processes: int
    puts: int
    pause_ms: int

    @property
    def name(self) -> str:
        return f"{self.watchers}" if self.processes == 1 else f"{self.watchers}/{self.processes}"


SETUPS = (
    Setup(watchers=1, processes=1, puts=200, pause_ms=10),
    Setup(watchers=100, processes=1, puts=100, pause_ms=50),
    Setup(watchers=100, processes=100, puts=100, pause_ms=50),
    Setup(watchers=1000, processes=1, puts=30, pause_ms=400),
)


def cpu_seconds(pid: int) -> float:
    """CPU time of all threads of a process. /proc/PID/stat has a resolution of only 10 ms."""
    total_ns = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total_ns += int((task / "schedstat").read_text().split()[0])
    return total_ns / 1e9


def status_of(pid: int) -> dict[str, int]:
    """The number of threads, and RssAnon in KiB, from /proc/PID/status."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    pairs = (line.split(":", 1) for line in lines)
    return {name: int(value.split()[0]) for name, value in pairs if name in ("Threads", "RssAnon")}


@dataclass
class Figures:
    """The results of one round."""

    median_ratio: float  # median over the puts, of the median watcher
    p99_ratio: float  # of all watchers and puts
    ack_ms: float
    visible_ms: float  # put -> visible, of the median watcher
    threads: float
    kib_each: float
    idle_us_each: float  # CPU time per second
    event_us_each: float
    etcd_idle_ms: float  # CPU time per second


class Watchers:
    """The processes of one of the two programs."""

    def __init__(self, command: list[str], etcd: Etcd, setup: Setup):
        self._count = setup.watchers
        each = str(setup.watchers // setup.processes)
        self._processes = [
            subprocess.Popen([*command, etcd.endpoint, KEY, each],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(setup.processes)
        ]  # fmt: skip
        for process in self._processes:
            if process.stdout.readline() != "ready\n":
                raise SystemExit(f"{command[0]} did not become ready")

    def cpu_seconds(self) -> float:
        return sum(cpu_seconds(process.pid) for process in self._processes)

    def status(self, name: str) -> int:
        return sum(status_of(process.pid)[name] for process in self._processes)

    def end(self) -> list[dict[int, int]]:
        """Ends the processes. Returns for each watcher the time at which it saw each revision."""
        seen = defaultdict(dict)
        for process in self._processes:
            out, _ = process.communicate()
            if process.returncode != 0:
                raise SystemExit(f"{process.args[0]} ended with {process.returncode}")
            for line in out.splitlines():
                watcher, revision, at_ns = (int(word) for word in line.split())
                seen[process.pid, watcher][revision] = at_ns
        return [*seen.values(), *[{}] * (self._count - len(seen))]


def put(etcd: Etcd, setup: Setup, path: Path) -> list[tuple[int, int, int]]:
    """Makes the puts. Returns the revision, start and acknowledgement of each."""
    done = subprocess.run(
        [GO, "put", etcd.endpoint, KEY, str(setup.puts), str(setup.pause_ms), path],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [tuple(int(word) for word in line.split()) for line in done.stdout.splitlines()]


def first_sights(sights: dict[int, int], revisions: list[int]) -> list[int]:
    """The times at which one watcher saw each revision, or the first later one."""
    firsts, first = [], None
    for revision in reversed(revisions):
        first = sights.get(revision, first)
        if first is None:
            raise SystemExit(f"not all watchers saw revision {revision}: too busy a machine?")
        firsts.append(first)
    return firsts[::-1]


def visibility(puts, sights_by_watcher) -> tuple[float, float, float]:
    """put -> visible divided by put -> acknowledged (median, p99), and put -> visible in ms."""
    revisions = [revision for revision, _, _ in puts]
    by_watcher = [first_sights(sights, revisions) for sights in sights_by_watcher]
    middles, all_of_them, middles_ms = [], [], []
    for (_, began, acknowledged), seen in zip(puts, zip(*by_watcher, strict=True), strict=True):
        each = [(at - began) / (acknowledged - began) for at in seen]
        middles.append(median(each))
        middles_ms.append((median(seen) - began) / 1e6)
        all_of_them += each
    return median(middles), quantiles(all_of_them, n=100)[98], median(middles_ms)


def measure(command: list[str], etcd: Etcd, setup: Setup, idle_s: float, path: Path) -> Figures:
    watchers = Watchers(command, etcd, setup)
    time.sleep(2)  # until the work of connecting is done
    before, etcd_before = watchers.cpu_seconds(), cpu_seconds(etcd.pid)
    time.sleep(idle_s)
    idle = (watchers.cpu_seconds() - before) / idle_s
    etcd_idle = (cpu_seconds(etcd.pid) - etcd_before) / idle_s
    threads, kib = watchers.status("Threads"), watchers.status("RssAnon")
    before, began = watchers.cpu_seconds(), time.monotonic()
    puts = put(etcd, setup, path)
    time.sleep(1)  # for the last one to be seen, on a busy machine too
    busy = watchers.cpu_seconds() - before - idle * (time.monotonic() - began)
    median_ratio, p99_ratio, visible_ms = visibility(puts, watchers.end())
    return Figures(
        median_ratio=median_ratio,
        p99_ratio=p99_ratio,
        ack_ms=median(acknowledged - start for _, start, acknowledged in puts) / 1e6,
        visible_ms=visible_ms,
        threads=threads,
        kib_each=kib / setup.watchers,
        idle_us_each=idle * 1e6 / setup.watchers,
        event_us_each=max(0.0, busy) * 1e6 / (setup.watchers * len(puts)),
        etcd_idle_ms=etcd_idle * 1e3,
    )


def medians(rounds: list[Figures]) -> Figures:
    return Figures(**{
        field.name: median(getattr(one, field.name) for one in rounds)
        for field in fields(Figures)
    })  # fmt: skip


HEADER = """
| watchers | processes | client | put → visible / ack, median | p99 | ack, ms | visible, ms \
| threads | RssAnon each, KiB | idle CPU each, µs/s | CPU an event each, µs | etcd's CPU while idle, ms/s |
|---|---|---|---|---|---|---|---|---|---|---|---|"""


def row_of(setup: Setup, name: str, figures: Figures) -> str:
    return (
        f"| {setup.watchers} | {setup.processes} | {name} | {figures.median_ratio:.2f} "
        f"| {figures.p99_ratio:.2f} | {figures.ack_ms:.2f} | {figures.visible_ms:.2f} "
        f"| {figures.threads:.0f} "
        f"| {figures.kib_each:.0f} | {figures.idle_us_each:.0f} | {figures.event_us_each:.0f} "
        f"| {figures.etcd_idle_ms:.1f} |"
    )


def say(text: str) -> None:
    """Prints progress to stderr, because the table goes to standard output."""
    print(text, file=sys.stderr, flush=True)


def etcd_alone(etcd: Etcd, idle_s: float) -> float:
    before = cpu_seconds(etcd.pid)
    time.sleep(idle_s)
    return (cpu_seconds(etcd.pid) - before) / idle_s * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench_etcd")
    parser.add_argument("--watchers-binary", required=True, help="path of etcd_watchers")
    names = ",".join(setup.name for setup in SETUPS)
    parser.add_argument("--rows", default=names, help=f"watchers or watchers/processes: {names}")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--idle", type=float, default=10, help="seconds of measuring idle watchers")
    options = parser.parse_args()
    wanted = options.rows.split(",")
    setups = [setup for setup in SETUPS if setup.name in wanted]
    if len(setups) != len(wanted):
        parser.error(f"--rows: choose from {names}")
    # Each watcher has a connection, with a descriptor on both sides.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    commands = {
        "osproxy": [options.watchers_binary],
        "Go client, decoding": [str(GO), "decode"],
        "Go client": [str(GO), "watch"],
    }
    busy = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="osproxy-bench-") as folder:
        path = Path(folder, "document.json")
        path.write_text(DOCUMENT)
        with Etcd(folder, release=CURRENT_ETCD) as etcd:
            etcd.put(KEY, DOCUMENT)
            alone_ms = etcd_alone(etcd, options.idle)
            print(HEADER, flush=True)
            for setup in setups:
                rounds = defaultdict(list)
                for number in range(options.rounds):
                    for name, command in commands.items():
                        say(f"row {setup.name}, round {number + 1}, {name}")
                        rounds[name].append(measure(command, etcd, setup, options.idle, path))
                for name in commands:
                    print(row_of(setup, name, medians(rounds[name])), flush=True)
    print(f"\netcd's CPU with no watchers: {alone_ms:.1f} ms/s; {options.rounds} rounds")
    print(f"load before: {busy:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
