"""Prometheus, as Debian has it: scrapes what it is told to, and promtool to lint an exposition."""

import json
import shutil
import subprocess

from .client import request
from .process import PartFailed, Process, free_port

# The package starts a service of its own when it is installed; ours is another, on a port of its own.


def promtool_check(exposition: bytes) -> str:
    """What `promtool check metrics` finds wrong; empty: nothing."""
    if shutil.which("promtool") is None:
        raise PartFailed("promtool is not there: scripts/install_deps test brings it")
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=exposition, capture_output=True, timeout=60
    )
    found = (done.stdout + done.stderr).decode()
    return found or (f"promtool ended with {done.returncode}" if done.returncode else "")


class Prometheus(Process):
    """Scrapes `targets` (HOST:PORT) every second, and keeps it below `run_dir`."""

    def __init__(self, run_dir, name="prometheus", *, targets):
        super().__init__(run_dir, name)
        self.address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.address}"
        self.targets = list(targets)

    def command(self) -> list[str]:
        if shutil.which("prometheus") is None:
            raise PartFailed("prometheus is not there: scripts/install_deps test brings it")
        scrape = {"job_name": "osproxy", "static_configs": [{"targets": self.targets}]}
        config = self.dir / "prometheus.yml"
        # JSON is YAML.
        config.write_text(
            json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": [scrape]})
        )
        return [
            "prometheus",
            f"--config.file={config}",
            f"--storage.tsdb.path={self.dir / 'data'}",
            f"--web.listen-address={self.address}",
        ]

    def ready(self) -> bool:
        return request("GET", f"{self.url}/-/ready", timeout=2).status == 200

    def query(self, expression: str) -> float | None:
        """The one value of an instant query, or None if there is no sample."""
        quoted = "".join(f"%{byte:02x}" for byte in expression.encode())
        result = request("GET", f"{self.url}/api/v1/query?query={quoted}").json()["data"]["result"]
        if not result:
            return None
        (sample,) = result
        return float(sample["value"][1])
