"""Compares osproxy with nginx, HAProxy and a blind relay, in alternation, in front of one upstream.

Every proxy has one worker. CPU is the CPU time of the proxy's process from /proc while `wrk` runs,
divided by the number of requests from `wrk`. It is fairly steady even on a busy machine, where
throughput is not. docs/performance.md says how to read the tables.
"""

import argparse
import contextlib
import re
import subprocess
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from fairness import measure_fairness
from levels import LEVELS, SEARCH, Recording, kept_by_output
from memory import measure_idle, measure_slow_reader
from servers import PLAIN_PROXIES, TLS_PROXIES, BodyUpstream, NginxUpstream, Server

_POST = """
wrk.method = "POST"
wrk.body = %s
wrk.headers["Content-Type"] = "application/json"
"""
_MEGABYTE = 1 << 20
_PEERS = ("nginx", "haproxy")
PROXIES = {**PLAIN_PROXIES, **LEVELS}

#: A server is at rest if it uses less CPU time than this in a tenth of a second.
_AT_REST_S = 0.02
_MAX_REST_S = 20


@dataclass(frozen=True)
class Row:
    title: str
    connections: int
    post_bytes: int = 0  # 0: a GET
    body: str = ""  # sent instead of `post_bytes` filler bytes
    path: str = "/orders/_search"
    upstream: type[Server] = NginxUpstream
    proxies: tuple[str, ...] = ("floor", *_PEERS, "osproxy")
    tls: bool = False
    closes: bool = False  # each request has a new connection
    only_handshakes: bool = False  # full handshakes, without requests


ROWS = {
    **{f"get-{n}": Row(f"GET, connections: {n}", n) for n in (1, 32, 512)},
    **{f"post-{n}": Row(f"POST of 200 B, connections: {n}", n, 200) for n in (1, 32, 512)},
    **{f"recorder-{n}": Row(f"POST of 200 B, connections: {n}; the flight recorder off, and on", n,
                            200, proxies=("no recorder", "osproxy")) for n in (1, 32, 512)},
    "tls": Row("GET over TLS, connections: 32", 32, proxies=(*_PEERS, "osproxy"), tls=True),
    "tls-connections": Row("GET over TLS, each on a connection that resumes a session, 32 at once",
                           32, proxies=(*_PEERS, "osproxy"), tls=True, closes=True),
    "tls-handshakes": Row("full TLS handshakes, one after the other", 1,
                          proxies=(*_PEERS, "osproxy"), tls=True, only_handshakes=True),
    "requests-1mb": Row("POST of 1 MB, connections: 4", 4, _MEGABYTE, upstream=BodyUpstream),
    "responses-1mb": Row("responses of 1 MB, connections: 4", 4, path=f"/bytes/{_MEGABYTE}",
                         upstream=BodyUpstream),
    "directives": Row("POST of 200 B, connections: 32; 0 and 10,000 directives, none matching", 32,
                      200, proxies=(*_PEERS, "osproxy", "loaded")),
    "shape": Row("POST of 200 B, connections: 32; Shape on every request", 32, 200,
                 proxies=("osproxy", "shape")),
    "levels": Row("a search of 208 B, connections: 32; each level on every request", 32, len(SEARCH),
                  body=SEARCH, proxies=("osproxy", *LEVELS)),
}  # fmt: skip

MEMORY_ROWS = ("idle", "idle-tls", "slow-reader")
FAIRNESS_ROWS = ("beside", "beside-tls")


@dataclass
class Result:
    requests_per_second: float
    p50_us: float
    p99_us: float
    cpu_us: float  # per request
    rss_anon_mib: float  # after the run


def microseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 1, "ms": 1e3, "s": 1e6, "m": 6e7}[unit]


def load_command(row: Row, server: Server, seconds: int) -> list[str]:
    command = ["wrk", "-t1", f"-c{row.connections}", f"-d{seconds}s", "--timeout", "30s"]
    if row.post_bytes:
        script = server.dir / "post.lua"
        body = f"[[{row.body}]]" if row.body else f'string.rep("x", {row.post_bytes})'
        script.write_text(_POST % body)
        command += ["-s", str(script)]
    if row.closes:
        command += ["-H", "Connection: close"]
    return [*command, "--latency", f"{server.scheme}://127.0.0.1:{server.port}{row.path}"]


def measure_handshakes(server: Server, seconds: int) -> Result:
    """Uses OpenSSL's client, because wrk resumes the session of its first connection."""
    before = server.cpu_seconds()
    out = subprocess.run(["openssl", "s_time", "-connect", f"127.0.0.1:{server.port}", "-new",
                          "-time", str(seconds)],
                         check=True, capture_output=True, text=True).stdout  # fmt: skip
    cpu = server.cpu_seconds() - before
    handshakes = int(re.search(r"(\d+) connections in \d+ real seconds", out).group(1))
    each_us = seconds / handshakes * 1e6  # s_time does not measure single handshakes
    return Result(requests_per_second=handshakes / seconds, p50_us=each_us, p99_us=each_us,
                  cpu_us=cpu / handshakes * 1e6,
                  rss_anon_mib=server.rss_anon_kib() / 1024)  # fmt: skip


def measure(row: Row, server: Server, seconds: int) -> Result:
    if row.only_handshakes:
        return measure_handshakes(server, seconds)
    before = server.cpu_seconds()
    out = subprocess.run(load_command(row, server, seconds),
                         check=True, capture_output=True, text=True).stdout  # fmt: skip
    cpu = server.cpu_seconds() - before
    if "Non-2xx" in out or "Socket errors" in out:
        raise SystemExit(f"{server.name}: not every request got a good response:\n{out}")
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    return Result(
        requests_per_second=float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)),
        p50_us=microseconds(re.search(r"^\s+50%\s+(\S+)", out, re.M).group(1)),
        p99_us=microseconds(re.search(r"^\s+99%\s+(\S+)", out, re.M).group(1)),
        cpu_us=cpu / requests * 1e6,
        rss_anon_mib=server.rss_anon_kib() / 1024,
    )


def come_to_rest(server: Server) -> None:
    """Waits until the server has finished the work that the load left, such as records."""
    for _ in range(_MAX_REST_S * 10):
        before = server.cpu_seconds()
        time.sleep(0.1)
        if server.cpu_seconds() - before < _AT_REST_S:
            return
    raise SystemExit(f"{server.name}: still busy {_MAX_REST_S} s after the load")


def count_syscalls(row: Row, server: Server) -> None:
    """Prints the system calls per request, from strace."""
    log = server.dir / "strace"
    tracer = subprocess.Popen(["strace", "-c", "-f", "-o", log, "-p", str(server.pid)],
                              stderr=subprocess.DEVNULL)  # fmt: skip
    out = subprocess.run(load_command(row, server, 2), check=True, capture_output=True,
                         text=True).stdout  # fmt: skip
    tracer.terminate()
    tracer.wait()
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    print(f"{server.name}: system calls per request, over {requests} requests")
    for line in log.read_text().splitlines():
        fields = line.split()
        if len(fields) >= 5 and fields[3].isdigit() and int(fields[3]) > requests / 20:
            if fields[-1] != "total":
                errors = int(fields[4]) / requests if fields[4].isdigit() else 0
                print(f"  {fields[-1]:12} {int(fields[3]) / requests:5.2f}"
                      + (f"  ({errors:.2f} failed)" if errors > 0.05 else ""))  # fmt: skip


def print_table(title: str, results: dict[str, list[Result]]) -> None:
    print(f"\n{title}\n")
    print("| | requests/s | p50, us | p99, us | CPU per request, us | / best peer | / floor | / osproxy"
          " | p99 / osproxy | RssAnon, MiB |")
    print("|---|---|---|---|---|---|---|---|---|---|")

    def middle(name: str, field: str) -> float:
        return median(getattr(result, field) for result in results[name])

    def ratio(name: str, *others: str, field: str = "cpu_us") -> str:
        """The median of the ratios of the rounds, to the best of the others. The speed of the
        machine changes between rounds.
        """
        def to(other: str) -> float:
            pairs = zip(results[name], results[other], strict=True)
            return median(getattr(mine, field) / getattr(theirs, field) for mine, theirs in pairs)
        return f"{max(ratios):.2f}" if (ratios := [to(one) for one in others if one in results]) else ""

    for name in results:
        print(f"| {name} | {middle(name, 'requests_per_second'):.0f} | {middle(name, 'p50_us'):.0f}"
              f" | {middle(name, 'p99_us'):.0f} | {middle(name, 'cpu_us'):.2f}"
              f" | {ratio(name, *_PEERS)} | {ratio(name, 'floor')} | {ratio(name, 'osproxy')}"
              f" | {ratio(name, 'osproxy', field='p99_us')} | {middle(name, 'rss_anon_mib'):.1f} |",
              flush=True)  # fmt: skip


@contextlib.contextmanager
def started(directory: str, upstream_type: type[Server], names: list[str], tls: bool):
    proxies = TLS_PROXIES if tls else PROXIES
    with contextlib.ExitStack() as stack:
        upstream = stack.enter_context(upstream_type(directory, "upstream"))
        yield [stack.enter_context(proxies[name](directory, name, upstream.port)) for name in names]


def run_row(row: Row, only: set[str], arguments) -> None:
    names = [name for name in row.proxies if not only or name in only]
    with tempfile.TemporaryDirectory() as directory, \
         started(directory, row.upstream, names, row.tls) as proxies:  # fmt: skip
        if arguments.syscalls:
            for proxy in proxies:
                count_syscalls(row, proxy)
            return
        results = defaultdict(list)
        for number in range(arguments.rounds):
            # In alternating order, so that no proxy always follows the same one.
            for proxy in proxies if number % 2 == 0 else reversed(proxies):
                results[proxy.name].append(measure(row, proxy, arguments.seconds))
                come_to_rest(proxy)
        print_table(row.title, results)
        for proxy in proxies:
            if isinstance(proxy, Recording):
                kept = kept_by_output(proxy)
                print(f"{proxy.name} kept " + ", ".join(f"{o}: {p:.0%}" for o, p in kept.items()))


def run_memory_row(row: str, only: set[str], connections: int) -> None:
    names = [name for name in (*_PEERS, "osproxy") if not only or name in only]
    with tempfile.TemporaryDirectory() as directory, \
         started(directory, BodyUpstream, names, tls=row == "idle-tls") as proxies:  # fmt: skip
        if row == "slow-reader":
            measure_slow_reader(proxies)
        else:
            measure_idle(proxies, connections)


def run_fairness_row(row: str, only: set[str], seconds: int) -> None:
    names = [name for name in (*_PEERS, "osproxy") if not only or name in only]
    with tempfile.TemporaryDirectory() as directory, \
         started(directory, BodyUpstream, names, tls=row == "beside-tls") as proxies:  # fmt: skip
        measure_fairness(proxies, seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--osproxy", required=True, type=Path, help="the osproxy to measure")
    parser.add_argument("--tools", required=True, type=Path, help="folder of relay and upstream")
    parser.add_argument("--rows", default=",".join((*ROWS, *MEMORY_ROWS, *FAIRNESS_ROWS)),
                        help="rows to measure; default, all: %(default)s")  # fmt: skip
    parser.add_argument("--only", default="", help="proxies to measure, of: " + ",".join(PROXIES))
    parser.add_argument("--seconds", type=int, default=4, help="seconds of each run")
    parser.add_argument("--rounds", type=int, default=5, help="rounds; the median is printed")
    parser.add_argument("--idle", type=int, default=10_000, help="connections of the idle rows")
    parser.add_argument("--quick", action="store_true", help="measure one round of a second")
    parser.add_argument("--syscalls", action="store_true", help="only count system calls")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.seconds, arguments.rounds = 1, 1
    Server.osproxy, Server.tools = arguments.osproxy.resolve(), arguments.tools.resolve()

    only = set(filter(None, arguments.only.split(",")))
    for name in arguments.rows.split(","):
        if name in ROWS:
            run_row(ROWS[name], only, arguments)
        elif name in MEMORY_ROWS:
            run_memory_row(name, only, arguments.idle)
        elif name in FAIRNESS_ROWS:
            run_fairness_row(name, only, arguments.seconds)
        else:
            parser.error(f"there is no row {name}")


if __name__ == "__main__":
    main()
