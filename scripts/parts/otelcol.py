"""An OpenTelemetry collector, built by scripts/fetch_parts, and the spans that it received.

The collector is a real one. It forwards everything as JSON to a listener of this module, where
tests can inspect it.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .pki import Pair
from .process import Process, free_port, parts_dir
from .client import request


def _value(any_value: dict):
    """The value of an OTLP AnyValue in JSON."""
    [(kind, value)] = any_value.items()
    if kind == "intValue":
        return int(value)
    if kind == "arrayValue":
        return [_value(element) for element in value.get("values", [])]
    return value


def attributes(of: dict) -> dict:
    """The attributes of a span or a resource, by name. Each must be there exactly once."""
    pairs = [(a["key"], _value(a["value"])) for a in of.get("attributes", [])]
    assert len(dict(pairs)) == len(pairs), f"an attribute is there twice: {pairs}"
    return dict(pairs)


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.received.append(body)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


class OtelCollector(Process):
    """With `tls`, a Pair, it speaks TLS only. With `client_ca` it requires client certificates of
    that authority. Its ports stay the same when it is stopped and started again.
    """

    def __init__(self, run_dir, name: str = "otelcol", *, tls: Pair | None = None, client_ca=None):
        super().__init__(run_dir, name)
        self.tls = tls
        self.client_ca = client_ca
        self.grpc_port, self.http_port = free_port(), free_port()
        self.health_port = free_port()
        scheme = "https" if tls else "http"
        self.grpc_url = f"{scheme}://127.0.0.1:{self.grpc_port}"
        self.http_url = f"{scheme}://127.0.0.1:{self.http_port}"
        self._sink = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._sink.daemon_threads = True
        self._sink.received = []
        threading.Thread(target=self._sink.serve_forever, daemon=True).start()

    def command(self) -> list[str]:
        config = self.dir / "config.json"  # JSON is valid YAML
        config.write_text(json.dumps(self._config()))
        return [str(parts_dir() / "otelcol" / "otelcol"), "--config", f"file:{config}"]

    def _config(self) -> dict:
        def listen(port: int) -> dict:
            address = {"endpoint": f"127.0.0.1:{port}"}
            if self.tls:
                address["tls"] = {"cert_file": str(self.tls.cert), "key_file": str(self.tls.key)}
                if self.client_ca:
                    address["tls"]["client_ca_file"] = str(self.client_ca)
            return address

        metrics = {
            "level": "basic",
            "readers": [{"pull": {"exporter": {"prometheus": {
                "host": "127.0.0.1", "port": self.health_port}}}}],
        }  # fmt: skip
        return {
            "receivers": {"otlp": {"protocols": {"grpc": listen(self.grpc_port),
                                                 "http": listen(self.http_port)}}},
            "exporters": {"otlp_http": {
                "endpoint": f"http://127.0.0.1:{self._sink.server_port}",
                "encoding": "json", "compression": "none", "sending_queue": {"enabled": False},
            }},
            "service": {
                "telemetry": {"metrics": metrics},
                "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["otlp_http"]}},
            },
        }  # fmt: skip

    def ready(self) -> bool:
        return request("GET", f"http://127.0.0.1:{self.health_port}/metrics", timeout=2).status == 200

    def resources(self) -> list[dict]:
        """The attributes of the resource of each received batch."""
        return [attributes(part["resource"]) for part in self._parts()]

    def spans(self) -> list[dict]:
        """All spans received so far, in order of arrival."""
        return [span for part in self._parts() for scope in part["scopeSpans"]
                for span in scope["spans"]]  # fmt: skip

    def _parts(self) -> list[dict]:
        return [part for body in list(self._sink.received) for part in body["resourceSpans"]]
