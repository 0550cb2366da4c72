"""A running osproxy, the program under test."""

import os
from pathlib import Path

from .client import Reply, eventually, request
from .process import PartFailed, Process, free_port

_ROOT = Path(__file__).resolve().parents[2]


def bin_dir() -> Path:
    """The folder of osproxy and osproxyctl: $OSPROXY_BIN_DIR, or that of the preset `dev`."""
    return Path(os.environ.get("OSPROXY_BIN_DIR", _ROOT / "build" / "dev" / "bin")).resolve()


def program(name: str) -> Path:
    """The path of osproxy or osproxyctl. Raises PartFailed if it is not built."""
    path = bin_dir() / name
    if not path.exists():
        raise PartFailed(f"{path} is missing: scripts/build dev osproxy osproxyctl builds it")
    return path


class Proxy(Process):
    """`arguments` and `env` are added to the fixed ones: addresses, upstream, store.

    `admin_ca` is the CA of an admin listener with TLS, `admin_token` the token of its calls.
    """

    def __init__(self, run_dir, name="osproxy", *, upstream, etcd=None, key=None, workers=2,
                 arguments=(), env=None, admin_ca=None, admin_token=None):  # fmt: skip
        super().__init__(run_dir, name)
        self.admin_ca = admin_ca
        self.admin_token = admin_token
        self.address = f"127.0.0.1:{free_port()}"
        self.admin_address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.address}"
        self.admin_url = f"{'https' if admin_ca else 'http'}://{self.admin_address}"
        upstreams = [upstream] if isinstance(upstream, str) else upstream
        self.arguments = ["--listen", self.address, "--admin-listen", self.admin_address]
        for url in upstreams:
            self.arguments += ["--upstream", url]
        self.arguments += ["--workers", str(workers)]
        if etcd is not None:
            self.arguments += ["--etcd-endpoints", etcd.endpoint]
        if key is not None:
            self.arguments += ["--etcd-key", key]
        self.arguments += arguments
        self.env = env or {}

    def command(self) -> list[str]:
        return [str(program("osproxy")), *self.arguments]

    def environment(self) -> dict[str, str]:
        return self.env

    def ready(self) -> bool:
        return self.admin("GET", "/readyz", timeout=2).status == 200

    def request(self, method: str, path: str, **options) -> Reply:
        """Sends a request through the proxy to OpenSearch."""
        return request(method, self.url + path, **options)

    def admin(self, method: str, path: str, **options) -> Reply:
        headers = dict(options.pop("headers", None) or {})
        if self.admin_token:
            headers.setdefault("Authorization", f"Bearer {self.admin_token}")
        return request(
            method, self.admin_url + path, headers=headers, ca_file=self.admin_ca, **options
        )

    def status(self) -> dict:
        return self.admin("GET", "/admin/status").json()

    def explain(self, request_id: str) -> dict | None:
        """The record of a request, or None if there is none."""
        reply = self.admin("GET", f"/debug/explain/{request_id}")
        if reply.status == 404:
            return None
        if reply.status != 200:
            raise OSError(f"explain {request_id}: {reply.status} {reply.body[:200]!r}")
        return reply.json()

    def breakglass(self) -> list[dict]:
        """The records of the break-glass ring, newest first."""
        return self.admin("GET", "/debug/breakglass").json()["records"]

    def active(self) -> list[str]:
        """The ids of the active directives."""
        return [d["id"] for d in self.status()["directives"] if d["active"]]

    def metrics(self) -> dict[str, float]:
        """The value of each sample of /metrics, by its name and labels in their original form."""
        samples = {}
        for line in self.admin("GET", "/metrics").body.decode().splitlines():
            if line and not line.startswith("#"):
                name, _, value = line.rpartition(" ")
                samples[name] = float(value)
        return samples

    def settle(self) -> None:
        """Returns when all requests that got a response so far have been counted, and recorded if a
        directive selects them. It sends one more request, and waits until the metrics count it.
        """

        def counted() -> float:
            samples = self.metrics().items()
            return sum(
                value for name, value in samples if name.startswith("osproxy_requests_total")
            )

        before = counted()
        self.request("GET", "/")
        eventually(lambda: counted() > before, what=f"{self.name} counts a request")
