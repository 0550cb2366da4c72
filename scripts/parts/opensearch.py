"""One OpenSearch node, from the jars that scripts/fetch_parts fetches."""

import os
import random
import re
import shutil
import tempfile
from pathlib import Path

from .client import request
from .process import Process, parts_dir

# Debian's openjdk-17-jre-headless. The first `java` in PATH may be another version.
_JAVA_17 = Path("/usr/lib/jvm/java-17-openjdk-amd64/bin/java")


def _place_for_data(wanted: Path) -> Path:
    """Returns `wanted`, or a new folder in memory if Java could not use `wanted`.

    Java looks up the file system of a path in /proc/mounts. In a chroot, the root file system is
    not listed there, and OpenSearch ends without a message.
    """
    mount_point = wanted
    while not mount_point.is_mount():
        mount_point = mount_point.parent
    listed = {line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()}
    if str(mount_point) in listed:
        return wanted
    return Path(tempfile.mkdtemp(prefix="osproxy-opensearch-", dir="/dev/shm"))


class OpenSearch(Process):
    start_timeout = 180  # a cold start on a busy machine

    def __init__(self, run_dir, name: str = "opensearch", heap: str = "512m"):
        super().__init__(run_dir, name)
        self.heap = heap
        self.url = ""  # known once it is ready
        # The runner takes the first free port above this one, below 9300.
        self.base_port = random.randrange(9200, 9290)
        self.data = _place_for_data(self.dir)
        config = self.data / "node_1" / "config"
        config.mkdir(parents=True, exist_ok=True)
        # On a nearly full disk OpenSearch refuses writes, which these tests do not want to see.
        (config / "opensearch.yml").write_text(
            "cluster.routing.allocation.disk.threshold_enabled: false\n"
        )

    def command(self) -> list[str]:
        return [
            str(_JAVA_17 if _JAVA_17.exists() else "java"),
            f"-Xms{self.heap}", f"-Xmx{self.heap}", "-cp", f"{parts_dir()}/opensearch/lib/*",
            "org.codelibs.opensearch.runner.OpenSearchRunner",
            "-basePath", str(self.data), "-numOfNode", "1",
            "-baseHttpPort", str(self.base_port), "-printOnFailure",
            # Nodes with one cluster name find each other on a machine. Two runs must not.
            "-clusterName", f"osproxy-{os.getpid()}-{random.randrange(1 << 32):08x}",
        ]  # fmt: skip

    def ready(self) -> bool:
        if not self.url:
            bound = re.search(
                r"HttpServerTransport.*publish_address \{(127\.0\.0\.1:\d+)\}", self.log()
            )
            if not bound:
                return False
            self.url = f"http://{bound[1]}"
        reply = request("GET", f"{self.url}/_cluster/health?wait_for_status=yellow&timeout=1s")
        return reply.status == 200

    def stop(self, timeout: float = 30) -> int | None:
        status = super().stop(timeout)
        shutil.rmtree(self.data / "node_1", ignore_errors=True)
        if self.data != self.dir:
            shutil.rmtree(self.data, ignore_errors=True)
        return status


class BorrowedOpenSearch(OpenSearch):
    """A node that another process has launched in `run_dir` and will stop."""

    def __init__(self, run_dir, name: str = "opensearch"):
        Process.__init__(self, run_dir, name)
        self.url = ""

    def launch(self) -> None:
        Process.started.append(self)  # so that a failing test shows its log too

    def alive(self) -> bool:
        return True

    def stop(self, timeout: float = 0) -> None:
        pass

    def kill(self) -> None:
        pass
