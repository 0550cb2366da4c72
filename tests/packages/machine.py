"""A Debian 12 with nothing but a minimal base and systemd, which boots in namespaces of this one.

debootstrap makes the base once, below $OSPROXY_PARTS_DIR. A machine is a stack of layers upon it, of
which only the highest is written to. It has no network but its loopback, except while apt installs.
"""

import contextlib
import itertools
import os
import shutil
import subprocess
import time
from pathlib import Path

from parts.process import parts_dir

MIRROR = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
SECURITY = os.environ.get("DEBIAN_SECURITY_MIRROR", "http://deb.debian.org/debian-security")
SUITE = "bookworm"
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "TERM": "dumb",
    "LC_ALL": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
}
BOOT_DEADLINE_SECONDS = 120
_numbers = itertools.count(1)


def call(*command, check=True, **options) -> subprocess.CompletedProcess:
    done = subprocess.run(
        [str(part) for part in command], stdin=subprocess.DEVNULL, text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **{"timeout": 600, **options},
    )  # fmt: skip
    assert not check or done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}"
    return done


def make_base() -> Path:
    """The minimal base, with systemd as its first process; made once."""
    assert os.geteuid() == 0, "the tests of the packages boot a machine: run them as root"
    base = parts_dir() / f"debian-{SUITE}"
    done = base / ".complete"
    if done.exists():
        return base / "root"
    shutil.rmtree(base, ignore_errors=True)
    root = base / "root"
    root.parent.mkdir(parents=True)
    include = "systemd,systemd-sysv"
    call("debootstrap", "--variant=minbase", f"--include={include}", SUITE, root, MIRROR)
    (root / "etc/apt/sources.list").write_text(
        f"deb {MIRROR} {SUITE} main\ndeb {MIRROR} {SUITE}-updates main\n"
        f"deb {SECURITY} {SUITE}-security main\n"
    )
    done.touch()
    return root


class Layer:
    """A folder tree of which only the differences to the layers below it take room."""

    def __init__(self, directory: Path, below: list[Path]):
        self.below = below
        self.upper = directory / "upper"
        self.root = directory / "root"
        work = directory / "work"
        for folder in (self.upper, work, self.root):
            folder.mkdir(parents=True)
        lower = ":".join(str(path) for path in below)
        options = f"lowerdir={lower},upperdir={self.upper},workdir={work}"
        call("mount", "-t", "overlay", "overlay", "-o", options, self.root)

    def close(self) -> None:
        call("umount", self.root)

    def all_layers(self) -> list[Path]:
        return [self.upper, *self.below]


def install_by_apt(root: Path, *names: str, options=()) -> str:
    """Installs packages as in a container's build: with a network, and no systemd that runs."""
    archives = parts_dir() / f"debian-{SUITE}" / "archives"
    (archives / "partial").mkdir(parents=True, exist_ok=True)
    # Neither nspawn's private /run nor a service that starts: the machine is not running.
    inside = ["systemd-nspawn", "-q", "-D", root, "--register=no", "--keep-unit", "--pipe",
              "--as-pid2", "--resolv-conf=copy-host", f"--bind={archives}:/var/cache/apt/archives",
              *(f"--setenv={key}={value}" for key, value in ENVIRONMENT.items())]  # fmt: skip
    shutil.copy("/etc/hosts", root / "etc/hosts")
    call(*inside, "apt-get", "-qq", "update")
    return call(*inside, "apt-get", "-qy", "-o", "Dpkg::Use-Pty=0", *options, "install",
                *names).stdout  # fmt: skip


class Machine:
    """A machine that runs: a context manager."""

    def __init__(self, layer: Layer):
        self.root = layer.root
        self._nspawn: subprocess.Popen | None = None
        self._first = 0  # the machine's first process, as this one sees it

    def __enter__(self) -> "Machine":
        name = f"osproxy-{os.getpid()}-{next(_numbers)}"
        self._nspawn = subprocess.Popen(
            ["systemd-nspawn", "-q", "-D", self.root, "--register=no", "--keep-unit", "--boot",
             "--private-network", f"--machine={name}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        os.set_blocking(self._nspawn.stdout.fileno(), False)
        try:
            self._wait_for_boot()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        self._nspawn.terminate()  # powers the machine off
        try:
            self._nspawn.wait(60)
        except subprocess.TimeoutExpired:
            self._nspawn.kill()
            self._nspawn.wait()

    def _wait_for_boot(self) -> None:
        end = time.monotonic() + BOOT_DEADLINE_SECONDS
        said = b""
        while time.monotonic() < end:
            with contextlib.suppress(TypeError):
                said += self._nspawn.stdout.read() or b""
            assert self._nspawn.poll() is None, said.decode(errors="replace")
            children = call("pgrep", "-P", self._nspawn.pid, check=False).stdout.split()
            if children:
                self._first = int(children[0])
                state = self("systemctl", "is-system-running", check=False).stdout.strip()
                if state in ("running", "degraded"):
                    return
            time.sleep(0.2)
        raise AssertionError(f"the machine did not boot:\n{said.decode(errors='replace')}")

    def __call__(self, *command, check=True, **options) -> subprocess.CompletedProcess:
        """Runs a command in the machine, as its root."""
        return call(
            "nsenter", "-t", self._first, "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup",
            "--root", "env", "-i", "--chdir=/", *(f"{k}={v}" for k, v in ENVIRONMENT.items()),
            *command, check=check, **options,
        )  # fmt: skip

    def shell(self, script: str, **options) -> subprocess.CompletedProcess:
        return self("sh", "-c", script, **options)

    def beside(self, *command, check=True, **options) -> subprocess.CompletedProcess:
        """Runs a program of this system at the machine's network."""
        return call("nsenter", "-t", self._first, "--net", *command, check=check, **options)

    @contextlib.contextmanager
    def running_beside(self, *command):
        process = subprocess.Popen(
            ["nsenter", "-t", str(self._first), "--net", *map(str, command)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield process
        finally:
            process.terminate()
            process.wait()

    def give(self, file: Path, folder: str = "root") -> str:
        """Copies a file into the machine; returns its path there."""
        shutil.copy(file, self.root / folder / file.name)
        return f"/{folder}/{file.name}"

    def write(self, path: str, text: str) -> None:
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def read(self, path: str) -> str:
        return (self.root / path.lstrip("/")).read_text()
