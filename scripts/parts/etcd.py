"""One etcd member, Debian's."""

import json
import subprocess

from .client import request
from .process import PartFailed, Process, free_port


class Etcd(Process):
    def __init__(self, run_dir, name: str = "etcd"):
        super().__init__(run_dir, name)
        self.port = free_port()
        self.peer_port = free_port()
        self.endpoint = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.endpoint}"

    def command(self) -> list[str]:
        peer = f"http://127.0.0.1:{self.peer_port}"
        return [
            "etcd", "--data-dir", str(self.dir / "data"),
            "--listen-client-urls", self.url, "--advertise-client-urls", self.url,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
            "--initial-cluster", f"default={peer}",
        ]  # fmt: skip

    def ready(self) -> bool:
        return request("GET", f"{self.url}/health", timeout=2).json()["health"] == "true"

    def etcdctl(self, *arguments: str, stdin: str | None = None) -> dict:
        """Runs etcdctl as a person would, for its JSON."""
        done = subprocess.run(
            ["etcdctl", "--endpoints", self.endpoint, "-w", "json", *arguments],
            input=stdin, stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True, text=True, timeout=30,
        )  # fmt: skip
        if done.returncode != 0:
            raise PartFailed(f"etcdctl {' '.join(arguments)}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def put(self, key: str, value: str) -> int:
        """A raw put, past every check of ours; returns the revision."""
        return self.etcdctl("put", key, stdin=value)["header"]["revision"]

    def delete(self, key: str) -> int:
        return self.etcdctl("del", key)["header"]["revision"]
