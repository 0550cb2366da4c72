"""A site for the tests and pictures of the console: two osproxy on one key, an upstream, and
clients, one of which hammers."""

import json
import random
import threading
import time
import urllib.error
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from parts import Ctl, Etcd, Proxy

SEARCH = json.dumps(
    {
        "query": {
            "bool": {
                "filter": [{"term": {"status": "open"}}, {"range": {"total": {"gte": 100}}}],
                "must": [{"match": {"title": "red shoes"}}],
            }
        },
        "sort": [{"created": "desc"}],
        "size": 10,
    }
).encode()
_RESPONSE = json.dumps(
    {
        "took": 7,
        "timed_out": False,
        "_shards": {"total": 5, "successful": 5, "skipped": 0, "failed": 0},
        "hits": {"total": {"value": 3, "relation": "eq"}, "hits": []},
    }
).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_any(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "/slow/" in self.path:
            self.server.release.wait(2)
        elif "/_search" in self.path:
            time.sleep(random.uniform(0.001, 0.02))
        fails = "/failing/" in self.path
        self.send_response(503 if fails else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(_RESPONSE)))
        self.end_headers()
        self.wfile.write(_RESPONSE)

    do_GET = do_POST = do_HEAD = handle_any

    def log_message(self, *_):
        pass


class Upstream:
    """Responds as OpenSearch does to a search: 503 below /failing/, after two seconds below /slow/."""

    def __enter__(self):
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.release = threading.Event()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.release.set()
        self._server.shutdown()
        self._server.server_close()


class Site:
    """Use it as a context manager: it ends its proxies and clients."""

    def __init__(self, run_dir, etcd: Etcd, upstream: Upstream, arguments=()):
        self.etcd = etcd
        self.key = f"console/{uuid.uuid4().hex}/directives"
        self.ctl = Ctl.of_etcd(etcd, self.key)
        self.proxies = [
            Proxy(run_dir, name, upstream=upstream.url, etcd=etcd, key=self.key,
                  arguments=["--instance", name, *arguments])
            for name in ("proxy-a", "proxy-b")
        ]  # fmt: skip
        self._stop = threading.Event()
        self._clients: list[threading.Thread] = []

    def __enter__(self):
        for proxy in self.proxies:
            proxy.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for client in self._clients:
            client.join(timeout=10)
        for proxy in self.proxies:
            if proxy.alive():
                proxy.stop()

    @property
    def url(self) -> str:
        return self.proxies[0].admin_url + "/"

    def send(self, tenant: str, agent="shop/3.1", path="/orders/_search", proxy=None) -> None:
        request = urllib.request.Request(
            (proxy or self.proxies[0]).url + path, data=SEARCH,
            headers={"User-Agent": agent, "Content-Type": "application/json", "X-Tenant-Id": tenant},
        )  # fmt: skip
        try:
            urllib.request.urlopen(request, timeout=20).read()
        except (urllib.error.URLError, OSError):
            pass  # a 503 is part of the picture

    def client(self, tenant: str, pause: float, **options) -> None:
        """Sends requests until the end, `pause` seconds apart."""

        def run():
            while not self._stop.wait(pause):
                self.send(tenant, **options)

        self._clients.append(threading.Thread(target=run, daemon=True))
        self._clients[-1].start()

    def hammer(self) -> None:
        """One client makes nine tenths of the traffic."""
        self.client("acme", 0.03, agent="hammer/1.0")
        self.client("globex", 0.4)
