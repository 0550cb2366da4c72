"""The demo of scripts/demo. It tells a story step by step, and checks every claim."""

import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import uuid
from contextlib import ExitStack
from pathlib import Path

from opensearchpy import OpenSearch as Client

from parts import Etcd, OpenSearch, PartFailed, Process, Proxy, eventually

ROOT = Path(__file__).resolve().parents[1]
CTL = "build/demo/bin/osproxyctl"
INDEX = "orders"


class NotAsClaimed(Exception):
    """A claim of the demo did not hold."""


class Story:
    """Prints steps, commands and checked claims."""

    def __init__(self):
        self.steps = 0
        self.claims = 0

    def step(self, title: str, text: str) -> None:
        self.steps += 1
        print(f"\n== {self.steps}. {title}")
        print(textwrap.fill(text, 96))

    def run(self, command: str) -> None:
        """Runs a command that a person would type, and shows it with its output."""
        print(f"\n   $ {command}")
        done = subprocess.run(
            shlex.split(command), cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
        )
        print(textwrap.indent((done.stdout + done.stderr).strip(), "   "))
        if done.returncode != 0:
            raise NotAsClaimed(f"`{command}` ended with {done.returncode}")

    def claim(self, text: str, condition, within: float = 0) -> None:
        """Prints `text` if `condition` holds now, or comes true `within` that many seconds."""
        try:
            holds = eventually(condition, within) if within else condition()
        except AssertionError:
            holds = False
        if not holds:
            raise NotAsClaimed(text)
        self.claims += 1
        print(f"   [seen] {text}")


class Request:
    """One request of the client, identified by its id."""

    def __init__(self, proxy: Proxy, tenant: str, kind: str):
        self.proxy, self.tenant, self.kind = proxy, tenant, kind
        self.id = uuid.uuid4().hex
        headers = {"X-Tenant-Id": tenant, "X-Request-Id": self.id}
        client = Client(proxy.url, timeout=60)
        if kind == "search":
            client.search(index=INDEX, body={"query": {"match_all": {}}}, headers=headers)
        else:
            client.count(index=INDEX, headers=headers)

    def __str__(self):
        return f"{self.tenant + ',':8} {self.kind + ',':8} {self.proxy.name}: {self.id}"


class Demo:
    def __init__(self, etcd: Etcd, opensearch: OpenSearch, proxies: list[Proxy]):
        self.story = Story()
        self.etcd, self.opensearch, self.proxies = etcd, opensearch, proxies
        self.endpoints = f"--endpoints {etcd.endpoint}"
        self.admin = "--admin " + ",".join(proxy.admin_url for proxy in proxies)

    def traffic(self) -> list[Request]:
        """Sends a search and a count for each of two tenants, through each proxy."""
        sent = [
            Request(proxy, tenant, kind)
            for proxy in self.proxies
            for tenant in ("acme", "globex")
            for kind in ("search", "count")
        ]
        print(f"   The client sent {len(sent)} requests, and each got a response:")
        for request in sent:
            print(f"     {request}")
        return sent

    def wait_until_applied(self, active: list[str]) -> None:
        started = time.monotonic()
        self.story.claim(
            f"both proxies have applied it; active directives: {', '.join(active) or 'none'}",
            lambda: all(proxy.active() == active for proxy in self.proxies),
            within=15,
        )
        print(f"          ({(time.monotonic() - started) * 1000:.0f} ms after the command ended)")

    def claim_recorded(self, sent: list[Request], selected) -> None:
        """Claims that exactly the `selected` requests have a record, at the proxy they used."""
        expected = [request for request in sent if selected(request)]
        others = [request for request in sent if not selected(request)]
        if expected:
            self.story.claim(
                f"these {len(expected)} were recorded: "
                + ", ".join(f"{r.tenant}'s {r.kind} through {r.proxy.name}" for r in expected),
                lambda: all(r.proxy.explain(r.id) for r in expected),
                within=15,
            )
        for proxy in self.proxies:
            proxy.settle()  # an unwanted record would be there by now
        self.story.claim(
            f"the other {len(others)} were not"
            if expected
            else f"none of the {len(others)} was recorded",
            lambda: not any(r.proxy.explain(r.id) for r in others),
        )

    def tell(self) -> None:
        self.nothing_is_on()
        directive_id = self.turn_on()
        self.take_off(directive_id)
        self.let_expire()

    def nothing_is_on(self) -> None:
        self.story.step(
            "No directive is on, so nothing is recorded",
            "A real client (opensearch-py) stores three orders and reads them, as two tenants, "
            "through both proxies.",
        )
        client = Client(self.proxies[0].url, timeout=60)
        for number in range(3):
            client.index(index=INDEX, id=str(number), body={"number": number}, refresh=True)
        self.claim_recorded(self.traffic(), lambda request: False)
        self.story.run(f"{CTL} status {self.admin}")

    def turn_on(self) -> str:
        self.story.step(
            "Record acme's searches, everywhere, for ten minutes",
            "One command writes a directive to etcd. Each proxy sees the change and applies it.",
        )
        self.story.run(
            f"{CTL} on --tenant acme --endpoint Search --level ShapeTiming --ttl 10m"
            f" --reason 'their searches are slow' --id acme-searches {self.endpoints}"
        )
        self.wait_until_applied(["acme-searches"])
        sent = self.traffic()
        self.claim_recorded(sent, lambda r: (r.tenant, r.kind) == ("acme", "search"))
        print("\n   The record has the shape of the request, and no value of a document or a query.")
        self.story.run(f"{CTL} explain {sent[0].id} {self.admin}")
        print("\n   A request that was not selected has no record of a directive, and `why` says why:")
        other = next(request for request in sent if request.tenant == "globex")
        self.story.run(f"{CTL} why {other.id} {self.admin}")
        self.story.run(f"{CTL} list {self.endpoints}")
        return "acme-searches"

    def take_off(self, directive_id: str) -> None:
        self.story.step("Take it off", "Recording stops on both proxies. Traffic is not affected.")
        self.story.run(f"{CTL} off {directive_id} {self.endpoints}")
        self.wait_until_applied([])
        self.claim_recorded(self.traffic(), lambda request: False)

    def let_expire(self) -> None:
        self.story.step(
            "A directive ends by itself",
            "Every directive has an end. This one lives for six seconds, and nobody takes it off.",
        )
        self.story.run(
            f"{CTL} on --index {INDEX} --level Shape --ttl 6s --id short-lived {self.endpoints}"
        )
        self.wait_until_applied(["short-lived"])
        self.claim_recorded(self.traffic(), lambda request: True)
        print("   Waiting for its end ...")
        self.story.claim(
            "the directive is over on both proxies",
            lambda: not any(proxy.active() for proxy in self.proxies),
            within=15,
        )
        self.claim_recorded(self.traffic(), lambda request: False)
        self.story.run(f"{CTL} status {self.admin}")

    def print_addresses(self) -> None:
        print(f"\n   etcd        {self.etcd.endpoint}")
        print(f"   OpenSearch  {self.opensearch.url}")
        for proxy in self.proxies:
            print(f"   {proxy.name}     {proxy.url}   admin listener: {proxy.admin_url}")


def start(part: Process, stack: ExitStack, note: str = "") -> Process:
    print(f"   starting {part.name} {note}...", end="", flush=True)
    since = time.monotonic()
    part.start()
    stack.callback(part.stop)
    print(f" ready after {time.monotonic() - since:.1f} s", flush=True)
    return part


def start_all(run_dir: Path, stack: ExitStack) -> Demo:
    print("\n== Starting etcd, OpenSearch and two osproxy, on free ports")
    etcd = start(Etcd(run_dir), stack)
    opensearch = start(OpenSearch(run_dir), stack, "(10 to 30 s) ")
    proxies = []
    for name in ("proxy-a", "proxy-b"):
        proxy = Proxy(run_dir, name, upstream=opensearch.url, etcd=etcd)
        proxies.append(start(proxy, stack))
    demo = Demo(etcd, opensearch, proxies)
    demo.print_addresses()
    print("\n   Each proxy was started with a command such as")
    print("   $ " + " ".join(proxies[0].command()).replace(f"{ROOT}/", ""))
    return demo


def print_how_to_go_on(demo: Demo, run_dir: Path) -> None:
    pids = " ".join(str(part.pid) for part in Process.started)
    folders = " ".join(sorted({str(run_dir), str(demo.opensearch.data)}))
    print("\n== Everything keeps running")
    demo.print_addresses()
    print(
        f"""
   Try, from {ROOT}:
   $ curl -H 'X-Tenant-Id: acme' -H 'X-Request-Id: mine-1' {demo.proxies[0].url}/{INDEX}/_search
   $ {CTL} on --tenant acme --level Shape --ttl 5m {demo.endpoints}
   $ {CTL} watch {demo.endpoints}
   $ {CTL} explain mine-1 {demo.admin}

   The logs are in {run_dir}. To stop everything:
   $ kill {pids}; rm -rf {folders}"""
    )


def main() -> int:
    keep = "--keep" in sys.argv[1:]
    Process.die_with_parent = not keep
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    run_dir = Path(tempfile.mkdtemp(prefix="osproxy-demo-"))
    with ExitStack() as stack:
        try:
            demo = start_all(run_dir, stack)
            demo.tell()
        except (NotAsClaimed, PartFailed, OSError) as failure:
            print(f"\nFAILED: {failure}\nThe logs are in {run_dir}/*/log.", file=sys.stderr)
            return 1
        print(f"\n== Done: all {demo.story.claims} claims above were checked and hold.")
        if keep:
            stack.pop_all()
            print_how_to_go_on(demo, run_dir)
            return 0
        print("   Stopping all servers ...")
    shutil.rmtree(run_dir, ignore_errors=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        sys.exit(130)
