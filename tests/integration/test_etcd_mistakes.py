"""Mistakes between an instance and etcd: each has its text, with the endpoint and the next thing to
check. A start ends with that text. An instance that is already running keeps its set, and gives the
text as the reason of its state.
"""

import signal
import subprocess
from contextlib import ExitStack

import pytest
from echo_upstream import EchoUpstream

from parts import (
    CHEAP_PASSWORDS,
    Authority,
    Etcd,
    EtcdTls,
    Protected,
    Proxy,
    eventually,
    program,
)
from parts.process import free_port

UPSTREAM = "http://127.0.0.1:9"  # nothing is sent there
KEY = "osproxy/directives"
DOCUMENT = '{"directives":[{"id":"kept","level":"Shape","ttl_secs":600}]}'
UNUSABLE = 1  # osproxy's exit code


class Scene:
    """An instance that follows its own etcd until the test makes a mistake."""

    def __init__(self, run_dir, start_proxy):
        self.dir = run_dir
        self.endpoint = ""
        self.flags: list[str] = []
        self.proxy: Proxy | None = None
        self.servers = ExitStack()
        self._start_proxy = start_proxy

    def etcd(self, name: str = "etcd", **options) -> Etcd:
        etcd = Etcd(self.dir, name, **options)
        self.servers.callback(etcd.kill)
        return etcd

    def follow(self, etcd: Etcd, *flags: str, endpoint: str = "") -> Etcd:
        """Puts a document and starts the instance, which then holds it."""
        self.endpoint, self.flags = endpoint or etcd.endpoint, list(flags)
        etcd.put(KEY, DOCUMENT)
        self.proxy = self._start_proxy(upstream=UPSTREAM, arguments=self.where())
        eventually(lambda: self.proxy.active() == ["kept"], 30, "the document is held")
        return etcd

    def restart_elsewhere(self, endpoint: str) -> None:
        """Restarts the instance from its last good set, with another endpoint."""
        self.proxy.stop()
        self.endpoint = endpoint
        where = [*self.where(), "--etcd-start", "last-good"]
        self.proxy = self._start_proxy("later", upstream=UPSTREAM, arguments=where)

    def where(self) -> list[str]:
        return ["--etcd-endpoints", self.endpoint, "--etcd-key", KEY, *self.flags]


@pytest.fixture
def scene(tmp_path, start_proxy):
    scene = Scene(tmp_path, start_proxy)
    with scene.servers:
        yield scene


# The mistakes. Each function starts an instance in good order, and then makes one mistake.


def connection_refused(scene) -> None:
    scene.follow(scene.etcd().start()).kill()


def says_nothing(scene) -> None:
    scene.follow(scene.etcd().start()).send(signal.SIGSTOP)


def web_server(scene) -> None:
    etcd = scene.follow(scene.etcd().start())
    etcd.kill()
    scene.servers.enter_context(EchoUpstream(etcd.port))


def name_not_found(scene) -> None:
    # A test cannot make a name stop resolving for a running program.
    scene.follow(scene.etcd().start(), "--etcd-state-dir", str(scene.dir / "state"))
    eventually((scene.dir / "state" / "last-good.state").exists, 30, "the set is saved")
    scene.restart_elsewhere(f"no-such-host.invalid:{free_port()}")


def follow_over_tls(scene) -> tuple[Authority, Etcd]:
    ca = Authority(scene.dir, "one")
    etcd = scene.etcd(tls=EtcdTls(ca.file, ca.issue("server"))).start()
    endpoint = etcd.endpoint.replace("127.0.0.1", "localhost")
    return ca, scene.follow(etcd, "--etcd-ca-file", str(ca.file), endpoint=endpoint)


def restart_with(etcd: Etcd, pair) -> None:
    etcd.tls.server.replace_by(pair)
    etcd.kill()
    etcd.launch()  # etcdctl would not find it ready


def name_in_certificate(scene) -> None:
    ca, etcd = follow_over_tls(scene)
    restart_with(etcd, ca.issue("elsewhere", alt_names="DNS:etcd.example,IP:127.0.0.1"))


def expired_certificate(scene) -> None:
    ca, etcd = follow_over_tls(scene)
    restart_with(etcd, ca.issue("expired", days=-1))


def follow_with_password(scene) -> Protected:
    protected = Protected(scene.etcd(arguments=CHEAP_PASSWORDS).start(), scene.dir, KEY)
    scene.follow(protected.etcd, *protected.flags())
    return protected


def wrong_password(scene) -> None:
    follow_with_password(scene).change_password("another")


def no_permission(scene) -> None:
    follow_with_password(scene).revoke_reading()


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (says_nothing,
         "no response in time: does etcd listen there, is it overloaded or frozen, and does its "
         "cluster have a leader?"),
        (connection_refused,
         "connection refused: is etcd running there, and is this its client port?"),
        (name_not_found,
         "the name does not resolve: is it spelled right, and known on this machine?"),
        (name_in_certificate,
         "its certificate is for another name: is this the right server, and is the endpoint one "
         "of the names in the certificate?"),
        (expired_certificate,
         "its certificate is not valid now: has it expired, and is this machine's clock right?"),
        (wrong_password,
         "wrong user or password: does etcd know the user (etcdctl user list), and does the "
         "password file hold its password?"),
        (no_permission, "permission denied: may this user read, or write, the key?"),
        (web_server, "the server there is not etcd v3: is this etcd's client port?"),
    ],
    ids=lambda value: getattr(value, "__name__", "told"),
)  # fmt: skip
def test_a_mistake_is_reported_while_running_and_at_start(scene, make, text):
    make(scene)
    told = f"{scene.endpoint}: {text}"

    def reason() -> str:
        return scene.proxy.status()["store"]["reason"]

    eventually(lambda: told in reason(), 60, told)
    assert scene.proxy.status()["store"]["state"] in ("suspect", "stale")
    assert scene.proxy.active() == ["kept"]

    arguments = ["--listen", f"127.0.0.1:{free_port()}", "--admin-listen", "127.0.0.1:0"]
    start = subprocess.run(
        [program("osproxy"), *arguments, "--upstream", UPSTREAM, *scene.where()],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert start.returncode == UNUSABLE, start.stderr
    assert told in start.stderr
