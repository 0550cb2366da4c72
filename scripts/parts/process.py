"""A server process with a log file, a readiness check and an orderly end."""

import fcntl
import functools
import os
import random
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import BinaryIO

# These ports are below those that the kernel gives to outgoing connections (32768 and up), so that
# no client can take a port between the check and the server's bind.
_PORTS = range(20000, 32000)
_handed_out: set[int] = set()


_ROOT = Path(__file__).resolve().parents[2]


def parts_dir() -> Path:
    """The folder into which scripts/fetch_parts puts the parts."""
    return Path(os.environ.get("OSPROXY_PARTS_DIR", _ROOT / ".parts")).resolve()


class PartFailed(Exception):
    """A part did not start, or did not end properly. The text has the end of its log."""


@functools.cache
def _port_claims() -> BinaryIO:
    """A file in which the process that took port N locks byte N for as long as it lives."""
    return Path(tempfile.gettempdir(), f"osproxy-test-ports-{os.getuid()}").open("ab")


def _claim(port: int) -> None:
    """Reserves the port against other runs of these tests, until its server has bound it. Raises
    OSError if another run was first."""
    fcntl.lockf(_port_claims(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)


def free_port(ports: range = _PORTS) -> int:
    """Returns a port of 127.0.0.1 on which nobody listens. No other call has returned it, in this
    process or in another running process of this user."""
    for port in random.sample(ports, min(200, len(ports))):
        if port in _handed_out:
            continue
        with socket.socket() as probe:
            try:
                _claim(port)
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _handed_out.add(port)
        return port
    raise PartFailed(f"no free port between {ports[0]} and {ports[-1]}")


class Process:
    """A child process. Use it as a context manager, or call start() and stop()."""

    #: Every started process. A failing test prints their logs.
    started: list["Process"] = []
    #: False if children go on when this program ends (the demo's --keep).
    die_with_parent = True

    def __init__(self, run_dir: Path, name: str):
        self.name = name
        self.dir = Path(run_dir) / name
        self.dir.mkdir(parents=True, exist_ok=True)
        self.log_path = self.dir / "log"
        self.process: subprocess.Popen | None = None

    # Each part defines these.

    def command(self) -> list[str]:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return {}

    def ready(self) -> bool:
        """Returns true once the part serves. May raise OSError before."""
        raise NotImplementedError

    #: Seconds to wait until a part is ready. Generous, because sanitizers are slow.
    start_timeout = 60

    # Start and stop.

    def start(self):
        self.launch()
        self.await_ready()
        return self

    def launch(self) -> None:
        """The first half of start(), for parts that become ready only together with others."""
        command = self.command()
        if self.die_with_parent:
            command = ["setpriv", "--pdeathsig", "KILL", "--", *command]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=self.dir,
                env={**os.environ, **self.environment()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches only this program, which stops the child
            )
        if self not in Process.started:
            Process.started.append(self)

    def await_ready(self) -> None:
        """The second half of start(). Kills the part if it does not become ready."""
        try:
            self._wait_ready()
        except BaseException:
            self.kill()
            raise

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + self.start_timeout
        while time.monotonic() < deadline:
            if not self.alive():
                raise PartFailed(self._failure(f"ended with {self.process.returncode} at start"))
            try:
                if self.ready():
                    return
            except OSError:
                pass
            time.sleep(0.02)
        raise PartFailed(self._failure(f"was not ready within {self.start_timeout} s"))

    def _failure(self, what: str) -> str:
        return f"{self.name} {what}; the end of its log ({self.log_path}):\n{self.log_tail()}"

    @property
    def pid(self) -> int:
        return self.process.pid

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self, timeout: float = 30) -> int | None:
        """SIGTERM, then SIGKILL after `timeout`. Returns the exit status; None if it never ran."""
        if self.process is None:
            return None
        if self.alive():
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.process.returncode

    def send(self, signal_number: int) -> None:
        self.process.send_signal(signal_number)

    def kill(self) -> None:
        """SIGKILL, as in a crash."""
        if self.alive():
            self.process.kill()
        if self.process is not None:
            self.process.wait()

    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_tail(self, lines: int = 40) -> str:
        return "\n".join(self.log().splitlines()[-lines:])

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
