"""Users, roles and tokens of etcd: what works, the text for each mistake, and changes while running."""

import subprocess

import pytest

from parts import (
    CHEAP_PASSWORDS,
    Etcd,
    PartFailed,
    Protected,
    eventually,
    program,
    short_tokens,
)

UNREACHABLE = 5
NOT_APPLIED = 7

UPSTREAM = "http://127.0.0.1:9"  # nothing is sent there
KEY = "osproxy/directives"
DOCUMENT = '{"directives":[{"id":"%s","level":"Shape","ttl_secs":600}]}'


def put(protected: Protected, name: str) -> int:
    return protected.etcd.put(KEY, DOCUMENT % name)


@pytest.fixture
def protected(tmp_path):
    with Etcd(tmp_path, "protected", arguments=CHEAP_PASSWORDS) as etcd:
        yield Protected(etcd, tmp_path)


@pytest.fixture(params=["simple", "jwt"])
def short_lived(request, tmp_path):
    arguments = short_tokens(request.param, tmp_path)
    with Etcd(tmp_path, "protected", arguments=arguments) as etcd:
        yield Protected(etcd, tmp_path)


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


def test_each_mistake_is_reported_at_start(protected, etcd):
    endpoint = protected.etcd.endpoint
    watch_says(f"{endpoint}: etcd requires a user and a password", "--endpoints", endpoint)
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
    assert (done.status, done.err.count("no plan")) == (NOT_APPLIED, 1)
    assert "applied: not known: " in done.out and "permission denied" in done.out
    holds(proxy, "all")
    protected.grant_operators_the_fleet()
    done = protected.ctl()("off", "all")
    assert (done.status, "applied 1/1 in " in done.out) == (0, True), done.err
    holds(proxy)
    refused = protected.ctl("osproxy", "secret-1")(*on)
    assert refused.status == UNREACHABLE
    assert "permission denied" in refused.err


def test_expired_tokens_cost_no_connection(short_lived, start_proxy):
    proxy = start_proxy(upstream=UPSTREAM, etcd=short_lived.etcd, arguments=short_lived.flags())

    at_start = short_lived.tokens_given()

    def proofs() -> float:
        return proxy.metrics()["osproxy_etcd_proof_reads_total"]

    for round in range(3):
        before = proofs()
        # The second one begins when the token of the first one has expired.
        eventually(lambda before=before: proofs() >= before + 2, timeout=60, what="two proofs")
        # A JWT also expires when any role changes.
        short_lived.etcd.run_etcdctl("role", "add", f"unrelated-{round}")
        put(short_lived, f"round-{round}")
        holds(proxy, f"round-{round}")
        assert store(proxy)["state"] == "synced"
    assert proxy.metrics()["osproxy_etcd_reconnects_total"] == 0
    # etcdctl asks for a token each time; all others are the proxy's, at least for every second
    # proof read.
    assert short_lived.tokens_given() - at_start >= 6 + 3


def test_an_etcd_that_lost_its_tokens_is_followed_again(protected, start_proxy):
    proxy = start_proxy(upstream=UPSTREAM, etcd=protected.etcd, arguments=protected.flags())
    protected.etcd.kill()
    protected.etcd.start()
    put(protected, "later")
    holds(proxy, "later")


def test_a_changed_password_is_reported_and_then_read_again(protected, start_proxy):
    file = protected.password_file("secret-1")
    put(protected, "kept")
    proxy = start_proxy(
        upstream=UPSTREAM, etcd=protected.etcd, arguments=protected.flags(file=file)
    )
    protected.change_password("secret-3")
    reason_says(proxy, f"{protected.etcd.endpoint}: wrong user or password")
    assert store(proxy)["state"] in ("suspect", "stale")
    assert proxy.active() == ["kept"]

    file.unlink()
    reason_says(proxy, f'"{file}" cannot be read')
    file.write_text("secret-3")
    synced(proxy)
    assert proxy.active() == ["kept"]
    assert "secret-" not in proxy.log()


def test_a_revoked_permission_is_reported_until_it_returns(short_lived, start_proxy):
    etcd = short_lived.etcd
    put(short_lived, "kept")
    proxy = start_proxy(upstream=UPSTREAM, etcd=etcd, arguments=short_lived.flags())
    holds(proxy, "kept")
    short_lived.revoke_reading()
    reason_says(proxy, f"{etcd.endpoint}: permission denied")
    assert store(proxy)["state"] in ("suspect", "stale")
    assert proxy.active() == ["kept"]
    put(short_lived, "unseen")

    short_lived.grant_reading()
    synced(proxy)
    holds(proxy, "unseen")


def test_the_documented_role_permits_no_more_than_it_says(protected):
    etcd = protected.etcd
    etcd.user = "osproxy:secret-1"
    etcd.run_etcdctl("get", KEY)
    for below in ("osproxy/fleet/proxy-1", "osproxy/anchors/x", "osproxy/history/x"):
        etcd.put(below, "x")
        etcd.delete(below)
    for forbidden in (("put", KEY, "x"), ("get", "osproxy/", "--prefix"), ("put", "x", "x")):
        with pytest.raises(PartFailed, match="permission denied"):
            etcd.run_etcdctl(*forbidden)
