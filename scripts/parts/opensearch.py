"""One OpenSearch node, from the jars that scripts/fetch_parts fetches: 2.19, 2.19 with the security
plugin, and the current release."""

import base64
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from .client import request
from .pki import Authority
from .process import Process, free_port, parts_dir

# Debian's openjdk-17-jre-headless. The first `java` in PATH may be another version.
_JAVA_17 = Path("/usr/lib/jvm/java-17-openjdk-amd64/bin/java")

# The runner refuses others. It looks for a free one and binds it ten seconds later, so that two
# nodes that start together could pick one port.
_PORTS = range(9201, 9300)


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


def _artifact(jar: Path) -> str:
    """The name of a jar without its version."""
    return re.sub(r"-\d[\w.\-]*\.jar$", "", jar.name)


class OpenSearch(Process):
    """OpenSearch 2.19."""

    start_timeout = 180  # a cold start on a busy machine
    part_name = "opensearch"
    scheme = "http"
    headers: dict[str, str] = {}  # that a request needs

    def __init__(self, run_dir, name: str | None = None, heap: str = "512m"):
        super().__init__(run_dir, name or self.part_name)
        self.heap = heap
        self.url = ""  # known once it is ready
        self.port = free_port(_PORTS)
        self.data = _place_for_data(self.dir)
        self.config = self.data / "node_1" / "config"
        self.config.mkdir(parents=True, exist_ok=True)
        (self.config / "opensearch.yml").write_text("\n".join(self.settings()) + "\n")

    def settings(self) -> list[str]:
        return [
            # On a nearly full disk OpenSearch refuses writes, which these tests do not want to see.
            "cluster.routing.allocation.disk.threshold_enabled: false",
            # Nodes look for each other at the ports from 9300 on. Those of other tests must not.
            "discovery.type: single-node",
        ]

    def java(self) -> Path | str:
        return _JAVA_17 if _JAVA_17.exists() else "java"

    def class_path(self) -> list[Path]:
        return [parts_dir() / "opensearch" / "lib" / "*"]

    def plugins(self) -> list[str]:
        return []

    def command(self) -> list[str]:
        return [
            str(self.java()), f"-Xms{self.heap}", f"-Xmx{self.heap}",
            "-cp", ":".join(map(str, self.class_path())),
            "org.codelibs.opensearch.runner.OpenSearchRunner",
            "-basePath", str(self.data), "-numOfNode", "1",
            "-baseHttpPort", str(self.port - 1), "-printOnFailure", "-clusterName", self.part_name,
            *self.plugins(),
        ]  # fmt: skip

    @property
    def ca_file(self) -> Path:
        """The authority of its certificate, if its scheme is https."""
        return self.dir / "ca.pem"

    def ready(self) -> bool:
        if not self.url:
            bound = re.search(
                r"HttpServerTransport.*publish_address \{(127\.0\.0\.1:\d+)\}", self.log()
            )
            if not bound:
                return False
            self.url = f"{self.scheme}://{bound[1]}"
        path = "/_cluster/health?wait_for_status=yellow&timeout=1s"
        ca_file = self.ca_file if self.scheme == "https" else None
        return request("GET", self.url + path, headers=self.headers, ca_file=ca_file).status == 200

    def stop(self, timeout: float = 30) -> int | None:
        status = super().stop(timeout)
        shutil.rmtree(self.data / "node_1", ignore_errors=True)
        if self.data != self.dir:
            shutil.rmtree(self.data, ignore_errors=True)
        return status


class CurrentOpenSearch(OpenSearch):
    """OpenSearch 3.8."""

    part_name = "opensearch-3.8"

    def java(self) -> Path:
        return parts_dir() / "java" / "home" / "bin" / "java"

    def class_path(self) -> list[Path]:
        return [parts_dir() / "opensearch-3.8" / "lib" / "*"]


class SecureOpenSearch(OpenSearch):
    """OpenSearch 2.19 with the security plugin: https, and the user admin."""

    part_name = "opensearch-security"
    scheme = "https"
    headers = {"Authorization": "Basic " + base64.b64encode(b"admin:admin").decode()}

    def __init__(self, run_dir, name: str | None = None, heap: str = "512m"):
        super().__init__(run_dir, name, heap)
        authority = Authority(self.dir, "node")
        plugin = parts_dir() / "opensearch-security"
        shutil.copytree(plugin / "config", self.config / "opensearch-security")
        pair = authority.issue("node")
        shutil.copyfile(authority.file, self.ca_file)
        shutil.copyfile(authority.file, self.config / "ca.pem")
        shutil.copyfile(pair.cert, self.config / "node.pem")
        # Java reads keys in PKCS #8 only.
        subprocess.run(["openssl", "pkcs8", "-topk8", "-nocrypt", "-in", pair.key,
                        "-out", self.config / "node.key"], check=True)  # fmt: skip

    def settings(self) -> list[str]:
        names = {"cert": "node.pem", "key": "node.key", "trustedcas": "ca.pem"}
        files = [
            f"plugins.security.ssl.{layer}.pem{what}_filepath: {file}"
            for layer in ("transport", "http")
            for what, file in names.items()
        ]
        return [
            *super().settings(),
            *files,
            "plugins.security.ssl.transport.enforce_hostname_verification: false",
            "plugins.security.ssl.http.enabled: true",
            "plugins.security.allow_default_init_securityindex: true",
            'plugins.security.authcz.admin_dn: ["CN=node"]',
            'plugins.security.nodes_dn: ["CN=node"]',
        ]

    def class_path(self) -> list[Path]:
        # The plugin brings its own copies of some jars, which must not stand beside OpenSearch's.
        own = {_artifact(jar) for jar in (parts_dir() / "opensearch" / "lib").glob("*.jar")}
        jars = (parts_dir() / "opensearch-security").glob("*.jar")
        return [*super().class_path(), *(jar for jar in jars if _artifact(jar) not in own)]

    def plugins(self) -> list[str]:
        return ["-pluginTypes", "org.opensearch.security.OpenSearchSecurityPlugin"]


class BorrowedOpenSearch(OpenSearch):
    """A node of class `kind` that another process has launched in `run_dir` and will stop."""

    def __init__(self, run_dir, kind: type[OpenSearch] = OpenSearch):
        Process.__init__(self, run_dir, kind.part_name)
        self.url = ""
        self.scheme = kind.scheme
        self.headers = kind.headers

    def launch(self) -> None:
        Process.started.append(self)  # so that a failing test shows its log too

    def alive(self) -> bool:
        return True

    def stop(self, timeout: float = 0) -> None:
        pass

    def kill(self) -> None:
        pass
