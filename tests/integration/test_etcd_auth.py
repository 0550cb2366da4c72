"""Users, roles and tokens of etcd: what works, what each mistake is told as, and changes while
running.
"""

import re
import subprocess

import pytest

from parts import Ctl, Etcd, PartFailed, eventually, program, request

UNREACHABLE = 5

UPSTREAM = "http://127.0.0.1:9"  # nothing is sent there
KEY = "osproxy/directives"
DOCUMENT = '{"directives":[{"id":"%s","level":"Shape","ttl_secs":600}]}'


def protect(etcd: Etcd) -> None:
    """Turns authentication on, with the roles of docs/etcd-access.md."""
    run = etcd.run_etcdctl
    run("user", "add", "root:root-password")
    run("user", "grant-role", "root", "root")
    run("role", "add", "osproxy")
    run("role", "grant-permission", "osproxy", "read", KEY)
    run("role", "grant-permission", "osproxy", "readwrite", "osproxy/fleet/", "--prefix=true")
    run("role", "grant-permission", "osproxy", "readwrite", "osproxy/anchors/", "--prefix=true")
    run("user", "add", "osproxy:secret-1")
    run("user", "grant-role", "osproxy", "osproxy")
    run("role", "add", "osproxy-operator")
    run("role", "grant-permission", "osproxy-operator", "readwrite", KEY)
    run("user", "add", "ana:secret-2")
    run("user", "grant-role", "ana", "osproxy-operator")
    run("auth", "enable")
    etcd.user = "root:root-password"


class Protected:
    """An etcd with authentication on, and what our programs need to use it."""

    def __init__(self, etcd: Etcd, folder):
        self.etcd = etcd
        self.folder = folder
        protect(etcd)

    def password_file(self, password: str) -> str:
        path = self.folder / f"password-{len(list(self.folder.iterdir()))}"
        path.write_text(password + "\n")
        return str(path)

    def flags(self, user="osproxy", password="secret-1", *, file=None) -> list[str]:
        return ["--etcd-user", user, "--etcd-password-file", file or self.password_file(password)]

    def ctl(self, user="ana", password="secret-2") -> Ctl:
        return Ctl("--endpoints", self.etcd.endpoint, *self.flags(user, password))

    def put(self, name: str) -> int:
        return self.etcd.put(KEY, DOCUMENT % name)


def start(tmp_path, *arguments):
    folder = tmp_path / "passwords"
    folder.mkdir()
    etcd = Etcd(tmp_path, "protected", arguments=arguments)
    etcd.start()
    return Protected(etcd, folder)


@pytest.fixture
def protected(tmp_path):
    made = start(tmp_path)
    yield made
    made.etcd.stop()


def jwt_arguments(folder) -> list[str]:
    private, public = folder / "jwt.key", folder / "jwt.pub"
    for arguments in (
        ["genrsa", "-out", private, "2048"],
        ["rsa", "-in", private, "-pubout", "-out", public],
    ):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
    options = f"jwt,pub-key={public},priv-key={private},sign-method=RS256,ttl=2s"
    return ["--auth-token", options]


@pytest.fixture(params=["simple", "jwt"])
def short_lived(request, tmp_path):
    """Tokens that are over before the next proof read: after two seconds."""
    arguments = ["--auth-token-ttl", "2"] if request.param == "simple" else jwt_arguments(tmp_path)
    made = start(tmp_path, *arguments)
    yield made
    made.etcd.stop()


def tokens_given(etcd: Etcd) -> float:
    """How often etcd has checked a password and given a token for it."""
    metrics = request("GET", f"{etcd.url}/metrics").body.decode()
    name = r'grpc_server_handled_total\{grpc_code="OK",grpc_method="Authenticate",.*\} (\S+)'
    found = re.search(name, metrics)
    assert found, "etcd counts its calls"
    return float(found[1])


def store(proxy) -> dict:
    return proxy.status()["store"]


def holds(proxy, *ids: str):
    return eventually(lambda: proxy.active() == list(ids), timeout=60, what=f"{ids} in force")


def synced(proxy):
    # The longest pause between two attempts is 15 s.
    return eventually(lambda: store(proxy)["state"] == "synced", timeout=60)


def reason_says(proxy, text: str):
    return eventually(lambda: text in store(proxy)["reason"], timeout=60, what=text)


def watch_says(text: str, *where: str) -> None:
    done = subprocess.run(
        [program("osproxyctl"), "watch", "--timeout", "5m", *where],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == UNREACHABLE, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert text in done.stderr


def test_each_mistake_is_told_at_start(protected, etcd):
    endpoint = protected.etcd.endpoint
    watch_says(f"{endpoint}: etcd wants a user and a password", "--endpoints", endpoint)
    for wrong in (protected.flags(password="no-secret"), protected.flags(user="nobody")):
        watch_says(f"{endpoint}: wrong user or password", "--endpoints", endpoint, *wrong)
    right = protected.flags()
    watch_says(
        f"{endpoint}: permission denied", "--endpoints", endpoint, "--key", "others", *right
    )
    watch_says(
        f"{etcd.endpoint}: a user is given, but etcd's authentication is off",
        "--endpoints", etcd.endpoint, *right,
    )  # fmt: skip


def test_an_operator_publishes_what_an_instance_may_only_read(protected, start_proxy):
    proxy = start_proxy(upstream=UPSTREAM, etcd=protected.etcd, arguments=protected.flags())
    on = ("on", "--all", "--level", "Shape", "--ttl", "10m", "--id", "all")
    done = protected.ctl()(*on)
    assert done.status == 0, done.err
    holds(proxy, "all")
    assert protected.ctl()("off", "all").status == 0
    holds(proxy)
    refused = protected.ctl("osproxy", "secret-1")(*on)
    assert refused.status == UNREACHABLE
    assert "permission denied" in refused.err


def test_expired_tokens_cost_no_connection(short_lived, start_proxy):
    proxy = start_proxy(upstream=UPSTREAM, etcd=short_lived.etcd, arguments=short_lived.flags())

    at_start = tokens_given(short_lived.etcd)

    def proofs() -> float:
        return proxy.metrics()["osproxy_etcd_proof_reads_total"]

    for round in range(3):
        before = proofs()
        # The second one begins when the first one's token is over.
        eventually(lambda before=before: proofs() >= before + 2, timeout=60, what="two proofs")
        # A token is also over when any role has changed, if it is a JWT.
        short_lived.etcd.run_etcdctl("role", "add", f"unrelated-{round}")
        short_lived.put(f"round-{round}")
        holds(proxy, f"round-{round}")
        assert store(proxy)["state"] == "synced"
    assert proxy.metrics()["osproxy_etcd_reconnects_total"] == 0
    # etcdctl asks for one each time; the rest is the proxy's, at least every second proof read.
    assert tokens_given(short_lived.etcd) - at_start >= 6 + 3


def test_an_etcd_that_forgot_its_tokens_is_followed_again(protected, start_proxy):
    proxy = start_proxy(upstream=UPSTREAM, etcd=protected.etcd, arguments=protected.flags())
    protected.etcd.kill()
    protected.etcd.start()
    protected.put("later")
    holds(proxy, "later")


def test_a_changed_password_is_told_and_then_picked_up(protected, start_proxy):
    file = protected.folder / "changing"
    file.write_text("secret-1")
    protected.put("kept")
    proxy = start_proxy(
        upstream=UPSTREAM, etcd=protected.etcd, arguments=protected.flags(file=str(file))
    )
    protected.etcd.run_etcdctl("user", "passwd", "osproxy", "--interactive=false", stdin="secret-3")
    reason_says(proxy, f"{protected.etcd.endpoint}: wrong user or password")
    assert store(proxy)["state"] in ("suspect", "stale")
    assert proxy.active() == ["kept"]

    file.unlink()
    reason_says(proxy, f'"{file}" cannot be read')
    file.write_text("secret-3")
    synced(proxy)
    assert proxy.active() == ["kept"]
    assert "secret-" not in proxy.log()


def test_a_revoked_permission_is_told_and_its_return_noticed(short_lived, start_proxy):
    etcd = short_lived.etcd
    short_lived.put("kept")
    proxy = start_proxy(upstream=UPSTREAM, etcd=etcd, arguments=short_lived.flags())
    holds(proxy, "kept")
    etcd.run_etcdctl("role", "revoke-permission", "osproxy", KEY)
    reason_says(proxy, f"{etcd.endpoint}: permission denied")
    assert store(proxy)["state"] in ("suspect", "stale")
    assert proxy.active() == ["kept"]
    short_lived.put("unseen")

    etcd.run_etcdctl("role", "grant-permission", "osproxy", "read", KEY)
    synced(proxy)
    holds(proxy, "unseen")


def test_the_documented_role_may_do_no_more_than_it_says(protected):
    etcd = protected.etcd
    etcd.user = "osproxy:secret-1"
    etcd.run_etcdctl("get", KEY)
    for below in ("osproxy/fleet/proxy-1", "osproxy/anchors/x"):
        etcd.put(below, "x")
        etcd.delete(below)
    for forbidden in (("put", KEY, "x"), ("get", "osproxy/", "--prefix"), ("put", "x", "x")):
        with pytest.raises(PartFailed, match="permission denied"):
            etcd.run_etcdctl(*forbidden)
