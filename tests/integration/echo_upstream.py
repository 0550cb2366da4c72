"""An upstream that keeps the requests it received, which a real OpenSearch does not show."""

import ssl
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


# The user agent of osproxy's health checks, which no client has sent.
HEALTH_CHECK = "osproxy-health-check"


@dataclass(frozen=True)
class Seen:
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) <= 1, f"{name} arrived {len(values)} times"
        return values[0] if values else None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_any(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = b"".join(self._chunks())
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("User-Agent") != HEALTH_CHECK:
            self.server.seen.append(Seen(self.command, self.path, self.headers.items(), body))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(b"{}")

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = handle_any

    def _chunks(self):
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass

    def log_message(self, *_):
        pass


class EchoUpstream:
    """`tls`, a Pair, makes it an HTTPS server; `client_ca` requires client certificates of that CA."""

    def __init__(self, port: int = 0, *, tls=None, client_ca=None):
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _Handler)
        self._server.daemon_threads = True
        self._server.seen = []
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        if tls is None:
            return
        self.url = self.url.replace("http:", "https:")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.cert, tls.key)
        if client_ca is not None:
            context.load_verify_locations(client_ca.file)
            context.verify_mode = ssl.CERT_REQUIRED
        # Each connection's thread makes its handshake.
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    @property
    def seen(self) -> list[Seen]:
        return self._server.seen

    def last(self) -> Seen:
        """The last request that arrived."""
        return self._server.seen[-1]
