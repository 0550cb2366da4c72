"""CPU per request, throughput and latency of proxies in front of one upstream, in alternation.

Every proxy has one worker. CPU is what /proc says that the proxy's process took while `wrk` ran,
divided by the requests that `wrk` counted; it is fairly steady on a machine that does other things
as well, where throughput is not. See docs/http.md for how to read the table.
"""

import argparse
import os
import re
import subprocess
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from parts.process import Process, free_port

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_BODY = '{"took":3,"timed_out":false,"hits":{"total":{"value":1},"hits":[' + "1," * 60 + "1]}}"

_POST = """
wrk.method = "POST"
wrk.body = string.rep("x", 200)
wrk.headers["Content-Type"] = "application/json"
"""


class Server(Process):
    """Any of them: it is ready once its port answers."""

    program = ""
    config = ""

    def __init__(self, run_dir, name, upstream_port=None):
        super().__init__(Path(run_dir), name)
        self.port = free_port()
        self.upstream_port = upstream_port

    def write_config(self) -> str:
        text = self.config
        values = {"PORT": self.port, "UPSTREAM": self.upstream_port, "DIR": self.dir, "BODY": _BODY}
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        path = self.dir / "config"
        path.write_text(text)
        return str(path)

    def ready(self) -> bool:
        url = f"http://127.0.0.1:{self.port}/"
        return subprocess.run(["curl", "-sfo", "/dev/null", url], check=False).returncode == 0

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


_NGINX = """
daemon off; master_process off; error_log stderr; pid @DIR@/pid;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path @DIR@/b; proxy_temp_path @DIR@/p; fastcgi_temp_path @DIR@/f;
  uwsgi_temp_path @DIR@/u; scgi_temp_path @DIR@/s;
  %s
}
"""


class NginxUpstream(Server):
    config = _NGINX % (
        "default_type application/json;"
        " server { listen 127.0.0.1:@PORT@ reuseport; location / { return 200 '@BODY@'; } }"
    )

    def command(self):
        return ["nginx", "-c", self.write_config(), "-e", "stderr"]


class NginxProxy(NginxUpstream):
    config = _NGINX % """
  upstream search { server 127.0.0.1:@UPSTREAM@; keepalive 1024; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:@PORT@;
    location / {
      proxy_pass http://search;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
    }
  }
"""


class HaproxyProxy(Server):
    config = """
global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend in
  bind 127.0.0.1:@PORT@
  default_backend search
backend search
  server node 127.0.0.1:@UPSTREAM@
"""

    def command(self):
        return ["haproxy", "-db", "-f", self.write_config()]


class Osproxy(Server):
    binary = ""

    def command(self):
        return [self.binary, "--listen", f"127.0.0.1:{self.port}",
                "--admin-listen", f"127.0.0.1:{free_port()}",
                "--upstream", f"http://127.0.0.1:{self.upstream_port}",
                "--workers", "1"]  # fmt: skip


PROXIES = {"osproxy": Osproxy, "nginx": NginxProxy, "haproxy": HaproxyProxy}


@dataclass
class Result:
    requests_per_second: float
    p50_us: float
    p99_us: float
    cpu_us: float  # per request


def microseconds(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 1, "ms": 1e3, "s": 1e6, "m": 6e7}[unit]


def measure(server: Server, connections: int, seconds: int, script: Path | None) -> Result:
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    if script:
        command += ["-s", str(script)]
    before = server.cpu_seconds()
    out = subprocess.run([*command, f"http://127.0.0.1:{server.port}/orders/_search"],
                         check=True, capture_output=True, text=True).stdout  # fmt: skip
    cpu = server.cpu_seconds() - before
    if "Non-2xx" in out or "Socket errors" in out:
        raise SystemExit(f"{server.name}: not every request was answered:\n{out}")
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    return Result(
        requests_per_second=float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)),
        p50_us=microseconds(re.search(r"^\s+50%\s+(\S+)", out, re.M).group(1)),
        p99_us=microseconds(re.search(r"^\s+99%\s+(\S+)", out, re.M).group(1)),
        cpu_us=cpu / requests * 1e6,
    )


def count_syscalls(server: Server, script: Path | None) -> None:
    """What one connection's requests cost in system calls, from strace."""
    log = server.dir / "strace"
    tracer = subprocess.Popen(["strace", "-c", "-f", "-o", log, "-p", str(server.pid)],
                              stderr=subprocess.DEVNULL)  # fmt: skip
    url = f"http://127.0.0.1:{server.port}/orders/_search"
    command = ["wrk", "-t1", "-c1", "-d2s", *(["-s", str(script)] if script else []), url]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    tracer.terminate()
    tracer.wait()
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    print(f"{server.name}: system calls a request, over {requests}")
    for line in log.read_text().splitlines():
        fields = line.split()
        if len(fields) >= 5 and fields[3].isdigit() and int(fields[3]) > requests / 20:
            if fields[-1] != "total":
                errors = int(fields[4]) / requests if fields[4].isdigit() else 0
                print(f"  {fields[-1]:12} {int(fields[3]) / requests:5.2f}"
                      + (f"  ({errors:.2f} failed)" if errors > 0.05 else ""))  # fmt: skip


def print_table(title: str, results: dict[str, list[Result]]) -> None:
    print(f"\n{title}")
    print(f"{'':10}{'requests/s':>12}{'p50 us':>10}{'p99 us':>10}{'CPU us':>10}{'ratio':>8}")

    def middle(name: str, field: str) -> float:
        return median(getattr(result, field) for result in results[name])

    peers = [middle(name, "cpu_us") for name in results if name != "osproxy"]
    for name in results:
        ratio = f"{middle(name, 'cpu_us') / min(peers):8.2f}" if peers else ""
        print(f"{name:10}{middle(name, 'requests_per_second'):12.0f}{middle(name, 'p50_us'):10.0f}"
              f"{middle(name, 'p99_us'):10.0f}{middle(name, 'cpu_us'):10.2f}{ratio}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True, type=Path, help="the osproxy to measure")
    parser.add_argument("--seconds", type=int, default=4, help="of each run")
    parser.add_argument("--rounds", type=int, default=3, help="of which the median is printed")
    parser.add_argument("--connections", default="1,32")
    parser.add_argument("--only", default="osproxy,nginx,haproxy")
    parser.add_argument("--syscalls", action="store_true", help="count them, and measure nothing")
    arguments = parser.parse_args()
    Osproxy.binary = str(arguments.binary.resolve())

    with tempfile.TemporaryDirectory() as directory:
        post = Path(directory) / "post.lua"
        post.write_text(_POST)
        loads = {"GET": None, "POST of 200 B": post}
        with NginxUpstream(directory, "upstream") as upstream:
            proxies = [PROXIES[name](directory, name, upstream.port)
                       for name in arguments.only.split(",")]  # fmt: skip
            try:
                for proxy in proxies:
                    proxy.start()
                if arguments.syscalls:
                    for proxy in proxies:
                        count_syscalls(proxy, post)
                    return
                for load, script in loads.items():
                    for connections in map(int, arguments.connections.split(",")):
                        results = defaultdict(list)
                        for _ in range(arguments.rounds):
                            for proxy in proxies:
                                results[proxy.name].append(
                                    measure(proxy, connections, arguments.seconds, script)
                                )
                        print_table(f"{load}, connections: {connections}", results)
            finally:
                for proxy in proxies:
                    if proxy.process is not None:
                        proxy.stop()


if __name__ == "__main__":
    main()
