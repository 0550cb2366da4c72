"""The servers of the proxy benchmark: upstreams, the floor, nginx, HAProxy and osproxy.

Each has one worker.
"""

import json
import os
import resource
import subprocess
from pathlib import Path

from parts import Authority
from parts.process import Process, free_port

#: Connections per proxy. Each client takes two descriptors. osproxy and HAProxy do not start
#: without some hundreds more.
MAX_CONNECTIONS = min(30_000, resource.getrlimit(resource.RLIMIT_NOFILE)[1] // 2 - 400)

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_BODY = '{"took":3,"timed_out":false,"hits":{"total":{"value":1},"hits":[' + "1," * 60 + "1]}}"


class Server(Process):
    """The base of all servers. A server is ready once its port responds."""

    #: The folder of the benchmark's programs, and the osproxy to measure.
    tools = Path()
    osproxy = Path()
    config = ""
    scheme = "http"

    def __init__(self, run_dir, name, upstream_port=None):
        super().__init__(Path(run_dir), name)
        self.port = free_port()
        self.upstream_port = upstream_port
        if self.scheme == "https":
            pair = Authority(self.dir, "bench").issue("proxy")
            self.cert, self.key = pair.cert, pair.key
            # HAProxy wants both in one file.
            (self.dir / "pair.pem").write_text(pair.cert.read_text() + pair.key.read_text())

    def write_config(self) -> str:
        text = self.config
        values = {"PORT": self.port, "UPSTREAM": self.upstream_port, "DIR": self.dir, "BODY": _BODY,
                  "MAX": MAX_CONNECTIONS}  # fmt: skip
        for name, value in values.items():
            text = text.replace(f"@{name}@", str(value))
        path = self.dir / "config"
        path.write_text(text)
        return str(path)

    def ready(self) -> bool:
        url = f"{self.scheme}://127.0.0.1:{self.port}/"
        return subprocess.run(["curl", "-skfo", "/dev/null", url], check=False).returncode == 0

    def start(self):
        # The memory of a proxy depends on its limit of descriptors, so all get the same.
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        return super().start()

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND

    def rss_anon_kib(self) -> int:
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("RssAnon:")[2].split()[0])


_NGINX = """
daemon off; master_process off; error_log stderr; pid @DIR@/pid;
events { worker_connections @MAX@; }
http {
  access_log off;
  keepalive_requests 1000000000; keepalive_timeout 600s; client_max_body_size 0;
  client_body_temp_path @DIR@/b; proxy_temp_path @DIR@/p; fastcgi_temp_path @DIR@/f;
  uwsgi_temp_path @DIR@/u; scgi_temp_path @DIR@/s;
  %s
}
"""


class NginxUpstream(Server):
    """Responds to small requests. It does not read large ones, so it is not used for them."""

    config = _NGINX % (
        "default_type application/json;"
        " server { listen 127.0.0.1:@PORT@ reuseport; location / { return 200 '@BODY@'; } }"
    )

    def command(self):
        return ["nginx", "-c", self.write_config(), "-e", "stderr"]


class BodyUpstream(Server):
    """Reads the whole request, and responds to GET /bytes/N with N bytes."""

    def command(self):
        return [str(self.tools / "body_upstream"), str(self.port)]


class Floor(Server):
    """The blind relay."""

    def command(self):
        return [str(self.tools / "relay"), str(self.port), str(self.upstream_port)]


class NginxProxy(NginxUpstream):
    config = _NGINX % """
  upstream search { server 127.0.0.1:@UPSTREAM@; keepalive 1024; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:@PORT@;
    location / {
      proxy_pass http://search;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_max_temp_file_size 0;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
    }
  }
"""


class NginxTls(NginxProxy):
    scheme = "https"
    config = NginxProxy.config.replace(
        "listen 127.0.0.1:@PORT@;",
        "listen 127.0.0.1:@PORT@ ssl; ssl_protocols TLSv1.2 TLSv1.3;"
        " ssl_certificate @DIR@/pair.pem; ssl_certificate_key @DIR@/pair.pem;",
    )


class HaproxyProxy(Server):
    config = """
global
  nbthread 1
  maxconn @MAX@
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  timeout http-keep-alive 600s
  http-reuse always
frontend in
  bind 127.0.0.1:@PORT@
  default_backend search
backend search
  server node 127.0.0.1:@UPSTREAM@
"""

    def command(self):
        return ["haproxy", "-db", "-f", self.write_config()]


class HaproxyTls(HaproxyProxy):
    scheme = "https"
    config = HaproxyProxy.config.replace(
        "bind 127.0.0.1:@PORT@", "bind 127.0.0.1:@PORT@ ssl crt @DIR@/pair.pem ssl-min-ver TLSv1.2"
    )


class Osproxy(Server):
    def __init__(self, run_dir, name, upstream_port=None):
        super().__init__(run_dir, name, upstream_port)
        self.admin_port = free_port()

    def directives(self) -> list[dict]:
        return []

    def command(self):
        document = self.dir / "directives.json"
        document.write_text(json.dumps({"directives": self.directives()}))
        return [str(self.osproxy), "--listen", f"127.0.0.1:{self.port}",
                "--admin-listen", f"127.0.0.1:{self.admin_port}",
                "--upstream", f"http://127.0.0.1:{self.upstream_port}",
                "--directives-file", str(document), "--max-connections", str(MAX_CONNECTIONS),
                "--idle-timeout", "10m", "--workers", "1"]  # fmt: skip


class OsproxyLoaded(Osproxy):
    """osproxy with 10,000 directives for other tenants."""

    def directives(self):
        return [{"id": f"d{i}", "level": "ShapeTiming", "tenant": f"tenant-{i}", "ttl_secs": 80000}
                for i in range(10_000)]  # fmt: skip


class OsproxyWithoutRecorder(Osproxy):
    """osproxy with its flight recorder off."""

    def command(self):
        return [*super().command(), "--recorder-bytes", "0"]


class OsproxyTls(Osproxy):
    scheme = "https"

    def command(self):
        return [*super().command(), "--tls-cert-file", str(self.cert),
                "--tls-key-file", str(self.key)]  # fmt: skip


PLAIN_PROXIES = {"floor": Floor, "nginx": NginxProxy, "haproxy": HaproxyProxy, "osproxy": Osproxy,
                 "loaded": OsproxyLoaded, "no recorder": OsproxyWithoutRecorder}  # fmt: skip
TLS_PROXIES = {"nginx": NginxTls, "haproxy": HaproxyTls, "osproxy": OsproxyTls}
