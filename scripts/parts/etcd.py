"""One etcd member: Debian's etcd, or the current etcd that scripts/fetch_parts builds."""

import base64
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .client import request
from .pki import Pair
from .process import PartFailed, Process, free_port, parts_dir


@dataclass(frozen=True)
class EtcdRelease:
    """The programs of one etcd. Newer releases restore a snapshot with etcdutl, not etcdctl."""

    name: str
    part: str = ""  # a folder of parts_dir(); empty: the program is in PATH
    restorer: str = "etcdctl"

    def program(self, name: str) -> str:
        if not self.part:
            return name
        return str(parts_dir() / self.part / name)


DEBIAN_ETCD = EtcdRelease("3.4")
CURRENT_ETCD = EtcdRelease("3.7", part="etcd-3.7", restorer="etcdutl")


@dataclass
class EtcdTls:
    """The TLS files of a member. With `trusted` it requires client certificates of that CA."""

    ca: Path  # etcdctl verifies the server with it
    server: Pair
    trusted: Path | None = None
    client: Pair | None = None  # etcdctl's own

    def server_flags(self) -> list[str]:
        flags = ["--cert-file", str(self.server.cert), "--key-file", str(self.server.key)]
        if self.trusted:
            flags += ["--client-cert-auth", "--trusted-ca-file", str(self.trusted)]
        return flags

    def client_flags(self) -> list[str]:
        flags = ["--cacert", str(self.ca)]
        if self.client:
            flags += ["--cert", str(self.client.cert), "--key", str(self.client.key)]
        return flags


class Etcd(Process):
    """`arguments` are added to the fixed ones. `host` is the listen address. `peer_host` is the
    address for other members, if it differs. `prefix` goes before the command, for example to enter
    a network namespace.
    """

    def __init__(self, run_dir, name: str = "etcd", *, release: EtcdRelease = DEBIAN_ETCD,
                 tls: EtcdTls | None = None, arguments=(), host: str = "127.0.0.1",
                 peer_host: str = "", prefix=()):  # fmt: skip
        super().__init__(run_dir, name)
        self.release = release
        self.arguments = list(arguments)
        self.prefix = list(prefix)
        self.port = free_port()
        self.tls = tls
        self.user: str | None = None  # etcdctl's, as NAME:PASSWORD, once authentication is on
        self.peer_url = f"http://{peer_host or host}:{free_port()}"
        address = f"{host}:{self.port}"
        self.url = f"{'https' if tls else 'http'}://{address}"
        self.endpoint = self.url if tls else address
        self.data = self.dir / "data"
        self.initial_cluster = f"{name}={self.peer_url}"

    def command(self) -> list[str]:
        return [
            *self.prefix, self.release.program("etcd"), "--name", self.name,
            "--data-dir", str(self.data),
            "--listen-client-urls", self.url, "--advertise-client-urls", self.url,
            "--listen-peer-urls", self.peer_url,
            "--initial-advertise-peer-urls", self.peer_url,
            "--initial-cluster", self.initial_cluster,
            *(self.tls.server_flags() if self.tls else []), *self.arguments,
        ]  # fmt: skip

    def ready(self) -> bool:
        if self.tls is None:
            health = request("GET", f"{self.url}/health", timeout=2).json()
            return health["health"] == "true"
        try:
            self.etcdctl("endpoint", "health")
        except PartFailed as error:
            raise OSError(error) from error
        return True

    def version(self) -> str:
        return request("GET", f"{self.url}/version").json()["etcdserver"]

    def _run(self, program: str, *arguments: str, stdin: str | None = None) -> str:
        done = subprocess.run(
            [self.release.program(program), *arguments],
            input=stdin, stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True, text=True, timeout=30,
        )  # fmt: skip
        if done.returncode != 0:
            raise PartFailed(f"{program} {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def run_etcdctl(self, *arguments: str, stdin: str | None = None) -> str:
        """Runs etcdctl as a person would. Returns its text output."""
        flags = ["--endpoints", self.endpoint]
        if self.tls:
            flags += self.tls.client_flags()
        if self.user:
            flags += ["--user", self.user]
        return self._run("etcdctl", *flags, *arguments, stdin=stdin)

    def etcdctl(self, *arguments: str, stdin: str | None = None) -> dict:
        """The same, for commands with JSON output. Returns the parsed output."""
        return json.loads(self.run_etcdctl("-w", "json", *arguments, stdin=stdin))

    def put(self, key: str, value: str) -> int:
        """A raw put, without the checks of osproxy's publishers. Returns the revision."""
        return self.etcdctl("put", key, stdin=value)["header"]["revision"]

    def put_over_http(self, key: str, value: str) -> int:
        """The same without starting etcdctl, for many puts and for values too large for it."""
        text = {name: base64.b64encode(data.encode()).decode()
                for name, data in (("key", key), ("value", value))}  # fmt: skip
        reply = request("POST", f"{self.url}/v3/kv/put", json_body=text)
        if reply.status != 200:
            raise PartFailed(f"put of {len(value)} bytes: {reply.status} {reply.body[:200]!r}")
        return int(reply.json()["header"]["revision"])

    def delete(self, key: str) -> int:
        return self.etcdctl("del", key)["header"]["revision"]

    def compact(self, revision: int) -> None:
        """Forgets everything before `revision`."""
        self.run_etcdctl("compact", str(revision))

    def save_snapshot(self, path: Path) -> None:
        self.run_etcdctl("snapshot", "save", str(path))

    def restore_snapshot(self, path: Path) -> None:
        """Replaces the data with that of a snapshot. etcd must not be running."""
        shutil.rmtree(self.data)
        self._run(
            self.release.restorer, "snapshot", "restore", str(path), "--name", self.name,
            "--data-dir", str(self.data), "--initial-cluster", self.initial_cluster,
            "--initial-advertise-peer-urls", self.peer_url,
        )  # fmt: skip
