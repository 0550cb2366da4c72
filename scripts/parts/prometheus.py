"""Debian's Prometheus, which scrapes osproxy, and promtool, which checks an exposition."""

import json
import shutil
import subprocess

from .client import request
from .process import PartFailed, Process, free_port

# The Debian package starts a Prometheus service at installation. The one here is separate, on a
# free port.


def promtool_check(exposition: bytes) -> str:
    """Returns the faults that `promtool check metrics` finds, or an empty string."""
    if shutil.which("promtool") is None:
        raise PartFailed("promtool is missing: scripts/install_deps test installs it")
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=exposition, capture_output=True, timeout=60
    )
    found = (done.stdout + done.stderr).decode()
    return found or (f"promtool ended with {done.returncode}" if done.returncode else "")


class Prometheus(Process):
    """Scrapes `targets` (HOST:PORT) every second, and keeps the samples below `run_dir`."""

    def __init__(self, run_dir, name="prometheus", *, targets):
        super().__init__(run_dir, name)
        self.address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.address}"
        self.targets = list(targets)

    def command(self) -> list[str]:
        if shutil.which("prometheus") is None:
            raise PartFailed("prometheus is missing: scripts/install_deps test installs it")
        scrape = {"job_name": "osproxy", "static_configs": [{"targets": self.targets}]}
        config = self.dir / "prometheus.yml"
        # JSON is valid YAML.
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
        """Returns the single value of an instant query, or None if there is no sample."""
        quoted = "".join(f"%{byte:02x}" for byte in expression.encode())
        result = request("GET", f"{self.url}/api/v1/query?query={quoted}").json()["data"]["result"]
        if not result:
            return None
        (sample,) = result
        return float(sample["value"][1])
