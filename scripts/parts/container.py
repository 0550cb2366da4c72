"""The container image, built by buildah, and containers of it, run by runc.

A container gets what the image's configuration says: entry point, environment, user, health check.
It has its own mount, process and IPC namespaces, a root that nobody can write to, no capability and
no way to new privileges. It shares the host's network, so that tests reach it by its ports.
"""

import gzip
import json
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

from .client import request
from .process import PartFailed, Process, free_port
from .proxy import bin_dir

_ROOT = Path(__file__).resolve().parents[2]
_PROC_MOUNTS = (
    ("/proc", "proc", ()),
    ("/dev", "tmpfs", ("nosuid", "mode=755", "size=64k")),
    ("/sys", "none", ("rbind", "nosuid", "noexec", "nodev", "ro")),
)


def run(*command, timeout=600, check=True, **options) -> subprocess.CompletedProcess:
    """Runs a program to its end; raises PartFailed if it fails, unless `check` is false."""
    try:
        done = subprocess.run(
            [str(part) for part in command], stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=timeout, check=False, **options,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise PartFailed(f"{error}: scripts/install_deps container installs it") from error
    if check and done.returncode != 0:
        raise PartFailed(f"{' '.join(map(str, command))}:\n{done.stdout}{done.stderr}")
    return done


@dataclass(frozen=True)
class Image:
    """An image in buildah's storage, and its files below `root`. It is read-only there."""

    tag: str
    root: Path
    config: dict
    container: str

    @staticmethod
    def build(tag: str) -> "Image":
        """Builds it from the tested programs, as CI does."""
        run(_ROOT / "scripts" / "image", "--debootstrap", "--programs", bin_dir(), "--tag", tag)
        return Image.open(tag)

    @staticmethod
    def open(tag: str) -> "Image":
        """One that is built already."""
        container = run("buildah", "from", "--pull-never", f"localhost/{tag}").stdout.strip()
        root = Path(run("buildah", "mount", container).stdout.strip())
        inspected = json.loads(run("buildah", "inspect", container).stdout)
        return Image(tag, root, inspected["Docker"]["config"], container)

    def close(self) -> None:
        run("buildah", "rm", self.container)

    def remove(self) -> None:
        self.close()
        run("buildah", "rmi", "--force", f"localhost/{self.tag}")

    def compressed_bytes(self) -> int:
        """The size of its one layer as registries store it."""
        counter = _Counter()
        with subprocess.Popen(["tar", "-C", self.root, "-c", "."], stdout=subprocess.PIPE) as tar:
            with gzip.GzipFile(fileobj=counter, mode="wb", compresslevel=6) as packed:
                while piece := tar.stdout.read(1 << 20):
                    packed.write(piece)
        return counter.bytes


class _Counter:
    """A file that only counts what is written."""

    def __init__(self):
        self.bytes = 0

    def write(self, data) -> int:
        self.bytes += len(data)
        return len(data)

    def flush(self) -> None:
        pass


class Container(Process):
    """osproxy in a container. `user` takes the place of the image's, as `runAsUser` does. `mounts`
    are folders of the host, by the place that they have inside; they are read-only there.
    """

    def __init__(self, run_dir, image: Image, name="container", *, upstream, arguments=(),
                 env=None, mounts=None, user=None, start_timeout=60):  # fmt: skip
        super().__init__(run_dir, name)
        self.image = image
        self.id = f"osproxy-test-{uuid.uuid4().hex[:12]}"
        self.address = f"127.0.0.1:{free_port()}"
        self.admin_address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.address}"
        self.admin_url = f"http://{self.admin_address}"
        self.arguments = ["--upstream", upstream, "--admin-listen", self.admin_address, *arguments]
        # In place of the image's 0.0.0.0:8080, since the network is the host's.
        self.env = {"OSPROXY_LISTEN": self.address, "OSPROXYCTL_ADMIN": self.admin_url, **(env or {})}
        self.mounts = mounts or {}
        self.user = user or self.image.config["User"]
        self.start_timeout = start_timeout

    def command(self) -> list[str]:
        (self.dir / "config.json").write_text(json.dumps(self._bundle()))
        return ["runc", "run", "--bundle", str(self.dir), self.id]

    def ready(self) -> bool:
        return request("GET", f"{self.admin_url}/readyz", timeout=2).status == 200

    def exec(self, *command: str) -> subprocess.CompletedProcess:
        """Runs a program inside, as `docker exec` does."""
        return run("runc", "exec", self.id, *command, check=False)

    def health(self) -> subprocess.CompletedProcess:
        """Runs the image's health check."""
        kind, *command = self.image.config["Healthcheck"]["Test"]
        assert kind == "CMD", "a health check by a shell"
        return self.exec(*command)

    def pid(self) -> int:
        """The process id of osproxy, on the host."""
        return json.loads(run("runc", "state", self.id).stdout)["pid"]

    def kill(self) -> None:
        run("runc", "delete", "--force", self.id, check=False)
        super().kill()

    def _bundle(self) -> dict:
        config = self.image.config
        uid, _, gid = self.user.partition(":")
        mounts = [{"destination": place, "type": kind, "source": kind if kind != "none" else place,
                   "options": list(options)} for place, kind, options in _PROC_MOUNTS]  # fmt: skip
        # As every container runtime does: names of hosts are the host's.
        for file in ("/etc/resolv.conf", "/etc/hosts"):
            mounts.append({"destination": file, "type": "none", "source": file,
                           "options": ["bind", "ro"]})  # fmt: skip
        for place, folder in self.mounts.items():
            mounts.append({"destination": place, "type": "none", "source": str(folder),
                           "options": ["bind", "ro"]})  # fmt: skip
        env = dict(entry.split("=", 1) for entry in config["Env"]) | self.env
        return {
            "ociVersion": "1.0.0",
            "process": {
                "terminal": False,
                "user": {"uid": int(uid), "gid": int(gid or 0)},
                "args": [*config["Entrypoint"], *self.arguments],
                "env": [f"{name}={value}" for name, value in env.items()],
                "cwd": config["WorkingDir"] or "/",
                "capabilities": {},
                "noNewPrivileges": True,
            },
            "root": {"path": str(self.image.root), "readonly": True},
            "mounts": mounts,
            "linux": {"namespaces": [{"type": kind} for kind in ("mount", "pid", "ipc", "uts")]},
        }
