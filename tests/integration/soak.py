"""Full load while everything changes: no request is lost except with a node that is killed.

`wrk` loads one osproxy over TLS with GETs, and some clients send POSTs, each with a unique name.
Meanwhile nodes are killed and come back, certificates are renewed, and directives change through
etcd. In the end:

- every GET got a 200;
- a POST failed only if a node was killed while it was under way;
- a POST that got a 200 was executed once, and none was executed twice;
- the proxy's memory (RssAnon) has not grown since it was warm.

`scripts/soak SECONDS` runs it for any length of time; the integration tests run a short slice.
"""

import argparse
import http.client
import json
import re
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from parts import Authority, Etcd, Process, Proxy, eventually, program
from parts.process import free_port

KEY = "soak/directives"
POSTING_CLIENTS = 4
WRK_CONNECTIONS = 32
# The proxy notices the death of a node only when a connection fails, a little later.
NOTICED_WITHIN_S = 2
# Growth that is no leak: memory that the allocator keeps after a busier moment.
MOST_GROWTH = 1.15
MOST_GROWTH_KIB = 4096


class Node(Process):
    """An upstream node that notes each POST before it responds (tests/tools/body_upstream.cc)."""

    def __init__(self, run_dir, name):
        super().__init__(run_dir, name)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.executed_path = self.dir / "executed"

    def command(self) -> list[str]:
        return [str(program("body_upstream")), str(self.port), str(self.executed_path)]

    def ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        connection.request("GET", "/")
        return connection.getresponse().status == 200


@dataclass
class Post:
    name: str
    sent: float
    ended: float
    status: int  # 0: the connection broke


@dataclass
class Seen:
    """The events of the run: each field is written by one thread, and read at the end."""

    posts: list[list[Post]] = field(default_factory=list)
    kills: list[float] = field(default_factory=list)
    renewals: int = 0
    flips: int = 0
    rss_kib: list[tuple[float, int]] = field(default_factory=list)
    wrk: str = ""


class Soak:
    def __init__(self, folder: Path, etcd: Etcd, seconds: float):
        self.seconds = seconds
        self.etcd = etcd
        self.seen = Seen()
        self.ends = time.monotonic()  # set when the load starts
        self._failures: list[str] = []
        authority = Authority(folder, "soak")
        self._pairs = [authority.issue(name) for name in ("serving", "first", "second")]
        self._context = ssl.create_default_context(cafile=authority.file)
        self.nodes = [Node(folder, f"node-{n}") for n in range(3)]
        serving = self._pairs[0]
        self.proxy = Proxy(
            folder, upstream=[node.url for node in self.nodes], etcd=etcd, key=KEY,
            arguments=["--tls-cert-file", str(serving.cert), "--tls-key-file", str(serving.key),
                       "--health-check-interval", "200ms", "--directive-budget", "0",
                       "--instance-budget", "0"],
        )  # fmt: skip

    def run(self) -> Seen:
        parts = [*self.nodes, self.proxy]
        try:
            for part in parts:
                part.start()
            self._load()
        finally:
            for part in reversed(parts):
                part.stop()
        if self._failures:
            raise AssertionError("; ".join(self._failures))
        return self.seen

    def _load(self) -> None:
        self.ends = time.monotonic() + self.seconds
        wrk = subprocess.Popen(
            ["wrk", "-t", "1", "-c", str(WRK_CONNECTIONS), "-d", f"{int(self.seconds)}s",
             "--timeout", "30s", f"https://{self.proxy.address}/orders/_search"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.seen.posts = [[] for _ in range(POSTING_CLIENTS)]
        works = [self._renew_certificates, self._flip_directives, self._watch_rss]
        works += [lambda number=n: self._post(number) for n in range(POSTING_CLIENTS)]
        threads = [threading.Thread(target=self._guarded, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        try:
            # In this thread: a process dies with the thread that started it
            # (Process.die_with_parent).
            self._guarded(self._kill_nodes)
            self.seen.wrk, _ = wrk.communicate(timeout=self.seconds + 60)
        finally:  # also where somebody has had enough of it (Ctrl-C)
            self.ends = time.monotonic()
            wrk.kill()
            wrk.wait()
            for thread in threads:
                thread.join()

    def _guarded(self, work) -> None:
        try:
            work()
        except Exception as failure:  # noqa: BLE001: of a thread; it is raised in run()
            self._failures.append(f"{type(failure).__name__}: {failure}")

    def _every(self, seconds: float):
        """Yields every `seconds` until the end."""
        while time.monotonic() + seconds < self.ends:
            time.sleep(seconds)
            yield

    def _post(self, number: int) -> None:
        host, port = self.proxy.address.split(":")
        connection = None
        count = 0
        while time.monotonic() < self.ends:
            name = f"{number}-{count}"
            count += 1
            if connection is None:
                connection = http.client.HTTPSConnection(
                    host, int(port), context=self._context, timeout=60
                )
            sent, status = time.monotonic(), 0
            try:
                connection.request("POST", f"/orders/_doc?name={name}", body=b'{"n":1}')
                reply = connection.getresponse()
                reply.read()
                status = reply.status
            except (OSError, http.client.HTTPException):
                connection.close()
                connection = None
            self.seen.posts[number].append(Post(name, sent, time.monotonic(), status))

    def _kill_nodes(self) -> None:
        for turn, _ in enumerate(self._every(2)):
            node = self.nodes[turn % len(self.nodes)]
            self.seen.kills.append(time.monotonic())
            node.kill()
            time.sleep(0.5)
            node.start()
            # The next node is killed only when this one is in use again: one node at a time fails.
            eventually(self._all_healthy, timeout=30, what="all nodes are healthy")

    def _all_healthy(self) -> bool:
        nodes = self.proxy.status()["upstreams"]["nodes"]
        return all(node["state"] == "healthy" for node in nodes)

    def _renew_certificates(self) -> None:
        for turn, _ in enumerate(self._every(1.5)):
            self._pairs[0].replace_by(self._pairs[1 + turn % 2])
            self.proxy.send(signal.SIGHUP)
            self.seen.renewals += 1

    def _flip_directives(self) -> None:
        of_all = {"id": "all", "level": "ShapeRewriteDiff", "ttl_secs": 60, "ring_buffer": True}
        of_some = {"id": "some", "level": "Shape", "ttl_secs": 60, "endpoint": "Search",
                   "sample_per_mille": 100}  # fmt: skip
        for turn, _ in enumerate(self._every(0.4)):
            match turn % 4:
                case 0:
                    self.etcd.put_over_http(KEY, json.dumps({"directives": [of_all]}))
                case 1:
                    self.etcd.put_over_http(KEY, json.dumps({"directives": [of_some]}))
                case 2:
                    self.etcd.put_over_http(KEY, "{")  # malformed: nothing changes
                case 3:
                    self.etcd.delete(KEY)
            self.seen.flips += 1

    def _watch_rss(self) -> None:
        for _ in self._every(max(0.5, self.seconds / 120)):
            status = Path(f"/proc/{self.proxy.pid}/status").read_text()
            kib = int(re.search(r"RssAnon:\s+(\d+)", status)[1])
            self.seen.rss_kib.append((time.monotonic(), kib))

    def executed(self) -> Counter:
        """How often each POST was executed, summed over all nodes."""
        counts = Counter()
        for node in self.nodes:
            for line in node.executed_path.read_text().splitlines():
                counts[line.partition("name=")[2]] += 1
        return counts


def requests_of(wrk: str) -> int:
    return int(re.search(r"(\d+) requests in", wrk)[1])


def complaints(soak: Soak) -> list[str]:
    """The promises that were broken, as sentences."""
    found = []
    seen = soak.seen
    for line in seen.wrk.splitlines():
        if "Non-2xx" in line or "Socket errors" in line:
            found.append(f"GETs: {line.strip()}")
    executed = soak.executed()
    for post in (post for posts in seen.posts for post in posts):
        count = executed[post.name]
        if count > 1:
            found.append(f"POST {post.name} was executed {count} times")
        if post.status == 200 and count != 1:
            found.append(f"POST {post.name} got a 200, and was executed {count} times")
        if post.status != 200 and not _was_cut_off(post, seen.kills):
            found.append(f"POST {post.name} failed with {post.status} though no node was killed")
    return found


def _was_cut_off(post: Post, kills: list[float]) -> bool:
    return any(post.sent - NOTICED_WITHIN_S <= kill <= post.ended for kill in kills)


def growth(soak: Soak) -> tuple[float, float]:
    """RssAnon in KiB when warm and at the end: medians of a tenth of the time each."""
    samples = [kib for _, kib in soak.seen.rss_kib]
    tenth = max(1, len(samples) // 10)
    warm = sorted(samples[3 * tenth : 4 * tenth])
    last = sorted(samples[-tenth:])
    return warm[len(warm) // 2], last[len(last) // 2]


def summary(soak: Soak) -> str:
    seen = soak.seen
    posts = [post for posts in seen.posts for post in posts]
    failed = sum(post.status != 200 for post in posts)
    return (
        f"{requests_of(seen.wrk)} GETs, {len(posts)} POSTs of which {failed} failed with their"
        f" node; {len(seen.kills)} nodes killed, {seen.renewals} certificates renewed,"
        f" {seen.flips} publishes"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/soak")
    parser.add_argument("seconds", type=int, nargs="?", default=600)
    seconds = parser.parse_args().seconds
    if seconds < 10:
        parser.error("less than ten seconds show nothing")
    print(f"{seconds} s of full load; each second or so something changes", flush=True)
    with tempfile.TemporaryDirectory(prefix="osproxy-soak-") as folder:
        with Etcd(folder) as etcd:
            soak = Soak(Path(folder), etcd, seconds)
            soak.run()
        found = complaints(soak)
        print(summary(soak))
        warm, last = growth(soak)
        print(f"RssAnon: {warm / 1024:.1f} MiB when warm, {last / 1024:.1f} MiB in the end")
        if last > warm * MOST_GROWTH and last > warm + MOST_GROWTH_KIB:
            found.append("the proxy's memory has grown")
    for complaint in found[:20]:
        print(complaint)
    if found:
        sys.exit(f"soak: {len(found)} complaints")
    print("soak: nothing was lost")


if __name__ == "__main__":
    main()
