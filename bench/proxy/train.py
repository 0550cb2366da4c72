"""Loads the instrumented osproxy with a mix of requests, for scripts/build_release."""

import argparse
import dataclasses
import tempfile
from pathlib import Path

from bench_proxy import ROWS, measure, started
from servers import BodyUpstream, Server

#: Row, osproxy and seconds of each load. Everyday requests get most of the time.
_LOADS = [
    ("get-32", "osproxy", 4),
    ("post-32", "osproxy", 6),
    ("post-1", "osproxy", 1),
    ("requests-1mb", "osproxy", 1),
    ("responses-1mb", "osproxy", 1),
    ("tls", "osproxy", 3),
    ("tls-connections", "osproxy", 1),
    ("tls-handshakes", "osproxy", 1),
    ("directives", "loaded", 2),
    ("levels", "shape", 3),
    ("levels", "everything", 2),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binaries", type=Path, help="the folder of osproxy and body_upstream")
    Server.tools = parser.parse_args().binaries.resolve()
    Server.osproxy = Server.tools / "osproxy"
    for name, proxy, seconds in _LOADS:
        row = dataclasses.replace(ROWS[name], upstream=BodyUpstream)
        with tempfile.TemporaryDirectory() as directory, \
             started(directory, row.upstream, [proxy], row.tls) as (server,):  # fmt: skip
            result = measure(row, server, seconds)
        print(f"{name}, {proxy}: {result.requests_per_second:.0f} requests per second", flush=True)


if __name__ == "__main__":
    main()
