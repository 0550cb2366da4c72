"""Faults of tokens, permissions, passwords and certificates."""

import time

import pytest

from parts import Authority, Etcd, EtcdTls, Protected, eventually, short_tokens

PROOFS = 2  # the second one begins after the first one's token has expired


@pytest.fixture
def protect(release, tmp_path, row):
    """Starts an etcd with authentication on and tokens of two seconds."""
    started = []

    def make(kind: str) -> Protected:
        etcd = Etcd(tmp_path, "protected", release=release, arguments=short_tokens(kind, tmp_path))
        started.append(etcd.start())
        return Protected(etcd, tmp_path, row.key)

    yield make
    for etcd in started:
        etcd.kill()


def tokens_expire(row, protected: Protected) -> None:
    row.follow(protected.etcd, flags=protected.flags())
    at_start = protected.tokens_given()
    slowest = 0.0
    for change in range(2):
        proofs = row.instance.proofs()
        eventually(lambda proofs=proofs: row.instance.proofs() >= proofs + PROOFS, 60, "two proofs")
        # With a JWT, a change of any role ends every token.
        protected.etcd.run_etcdctl("role", "add", f"unrelated-{change}")
        row.put()
        slowest = max(slowest, row.seen())
    given, lost = protected.tokens_given() - at_start, row.instance.reconnects()
    row.report(
        f"{given:.0f} tokens given, {lost} connections lost, "
        f"each change seen, the slower after {slowest * 1000:.0f} ms"
    )
    assert lost == 0


def test_simple_tokens_expire(row, protect):
    """authentication on, tokens of two seconds"""
    tokens_expire(row, protect("simple"))


def test_jwt_tokens_expire(row, protect):
    """authentication on, JWTs of two seconds"""
    tokens_expire(row, protect("jwt"))


def test_permission_revoked_and_granted_again(row, protect):
    """permission to read revoked, and granted again"""
    protected = protect("simple")
    row.follow(protected.etcd, flags=protected.flags())
    since = time.time()
    protected.revoke_reading()
    noticed = row.noticed(since)
    protected.grant_reading()
    row.put()
    seen = row.seen(since=time.time())
    row.report(f"noticed after {noticed:.1f} s, synced {seen:.1f} s after it was granted")


def test_password_changed(row, protect):
    """password changed in etcd, then in the file"""
    protected = protect("simple")
    file = protected.password_file("secret-1")
    row.follow(protected.etcd, flags=protected.flags(file=file))
    since = time.time()
    protected.change_password("secret-3")
    noticed = row.noticed(since)
    file.write_text("secret-3")
    row.put()
    seen = row.seen(since=time.time())
    row.report(f"noticed after {noticed:.1f} s, synced {seen:.1f} s after the file had it")


class Certified:
    """An etcd with TLS in both directions, and certificates that can be renewed in place."""

    def __init__(self, run_dir, release):
        self.ca, self.next_ca = Authority(run_dir, "one"), Authority(run_dir, "two")
        self.ca_file = run_dir / "ca.crt"  # ours
        self.ca_file.write_bytes(self.ca.file.read_bytes())
        self.server, self.ours = self.ca.issue("server"), self.ca.issue("ours")
        tls = EtcdTls(self.ca_file, self.server, self.ca.file, self.ca.issue("etcdctl"))
        self.etcd = Etcd(run_dir, "tls", release=release, tls=tls)

    def flags(self) -> list[str]:
        return ["--etcd-ca-file", str(self.ca_file), "--etcd-cert-file", str(self.ours.cert),
                "--etcd-key-file", str(self.ours.key)]  # fmt: skip


@pytest.fixture
def certified(release, tmp_path):
    certified = Certified(tmp_path, release)
    with certified.etcd:
        yield certified


def followed_over_tls(row, certified: Certified, relay):
    """Starts the row on a link, where a reset leads to a new handshake."""
    link = relay(certified.etcd)
    row.follow(certified.etcd, f"https://{link.endpoint}", flags=certified.flags())
    return link


def test_certificates_renewed(row, certified, relay):
    """TLS, certificates of both sides renewed"""
    link = followed_over_tls(row, certified, relay)
    certified.server.replace_by(certified.ca.issue("server-2"))
    certified.ours.replace_by(certified.ca.issue("ours-2"))
    row.put()
    row.seen()
    since = time.time()
    link.reset()
    row.put()
    row.report(f"synced {row.seen(since):.1f} s after the reconnect")


def test_authority_changed(row, certified, relay):
    """TLS, etcd's certificate by another CA, then the CA file"""
    link = followed_over_tls(row, certified, relay)
    certified.server.replace_by(certified.next_ca.issue("server"))
    since = time.time()
    link.reset()
    noticed = row.noticed(since)
    row.says("its certificate is not trusted")
    certified.ca_file.write_bytes(certified.next_ca.file.read_bytes())
    row.put()
    seen = row.seen(since=time.time())
    row.report(f"noticed after {noticed:.1f} s, synced {seen:.1f} s after the file had it")


def test_our_certificate_expired(row, certified, relay):
    """TLS, our certificate expired, then renewed"""
    link = followed_over_tls(row, certified, relay)
    certified.ours.replace_by(certified.ca.issue("old", days=-1))
    since = time.time()
    link.reset()
    noticed = row.noticed(since)
    row.says("it refuses our certificate")
    certified.ours.replace_by(certified.ca.issue("new"))
    row.put()
    seen = row.seen(since=time.time())
    row.report(f"noticed after {noticed:.1f} s, synced {seen:.1f} s after it was renewed")
