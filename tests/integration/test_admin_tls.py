"""TLS of the admin listener, and osproxyctl over https."""

import json
import signal
import socket
import ssl
import subprocess

import pytest
from echo_upstream import EchoUpstream

from parts import Authority, Ctl, Proxy, eventually, program


@pytest.fixture(scope="module")
def ca(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("admin-tls"), "one")


@pytest.fixture(scope="module")
def other_ca(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("admin-tls"), "two")


@pytest.fixture
def echo():
    with EchoUpstream() as upstream:
        yield upstream


@pytest.fixture
def start_secure(start_proxy, echo, ca):
    def start(pair, *arguments, admin_ca=None, **options):
        flags = ["--admin-tls-cert-file", str(pair.cert), "--admin-tls-key-file", str(pair.key)]
        return start_proxy(
            upstream=echo.url,
            arguments=[*flags, *arguments],
            admin_ca=admin_ca or ca.file,
            **options,
        )

    return start


def ctl_of(proxy, *flags) -> Ctl:
    return Ctl("--admin", proxy.admin_url, *map(str, flags))


def test_all_commands_work_over_https(start_secure, ca):
    proxy = start_secure(ca.issue("server"))
    ctl = ctl_of(proxy, "--ca-file", ca.file)
    on = ctl("on", "--tenant", "acme", "--level", "Shape", "--ttl", "10m", "--id", "acme-1")
    assert on.status == 0, on.err
    assert proxy.active() == ["acme-1"]
    assert ctl("status").status == 0
    assert "acme-1" in ctl("list").out
    assert ctl("fleet").status == 0
    proxy.request("GET", "/", headers={"X-Tenant-Id": "acme", "X-Request-Id": "over-https"})
    assert eventually(lambda: ctl("explain", "over-https").status == 0)
    assert ctl("why", "over-https").status == 0
    document = json.dumps({"directives": []})
    assert ctl("publish", "-", stdin=document).status == 0
    assert proxy.active() == []
    assert proxy.admin("GET", "/metrics").status == 200  # and /readyz, by which it has started


def test_tail_works_over_https(start_secure, ca):
    proxy = start_secure(ca.issue("server"))
    ctl = ctl_of(proxy, "--ca-file", ca.file)
    assert ctl("on", "--tenant", "acme", "--level", "Shape", "--ttl", "10m").status == 0
    tail = subprocess.Popen(
        ctl.command("tail", "--tenant", "acme", "-n", "1"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:

        def ended():
            proxy.request("GET", "/", headers={"X-Tenant-Id": "acme"})
            return tail.poll() is not None

        eventually(ended)
        out, err = tail.communicate()
    finally:
        if tail.poll() is None:
            tail.kill()
    assert tail.returncode == 0, err
    assert "1 shown" in err + out


def test_errors_say_what_to_do(start_secure, start_proxy, echo, ca, other_ca):
    proxy = start_secure(ca.issue("server"))

    def error(*flags, url=proxy.admin_url) -> str:
        done = Ctl("--admin", url, *map(str, flags))("list")
        assert done.status != 0
        return done.err

    assert "name its CA with --ca-file" in error()
    assert "name its CA with --ca-file" in error("--ca-file", other_ca.file)
    plain = proxy.admin_url.replace("https://", "http://")
    assert "speaks TLS: use https://" in error(url=plain)
    without = start_proxy("plain", upstream=echo.url)
    https = without.admin_url.replace("http://", "https://")
    assert "does not speak TLS: use http://" in error("--ca-file", ca.file, url=https)
    assert "go together" in error("--cert-file", ca.file)
    assert "no certificate in PEM format" in error("--ca-file", __file__)


def by_name(proxy) -> str:
    return proxy.admin_url.replace("127.0.0.1", "localhost")


def test_a_name_counts_only_as_an_alternative_name(start_secure, ca):
    proxy = start_secure(ca.issue("localhost", alt_names="IP:127.0.0.1"))  # its CN is localhost
    assert ctl_of(proxy, "--ca-file", ca.file)("list").status == 0
    refused = Ctl("--admin", by_name(proxy), "--ca-file", str(ca.file))("list")
    assert refused.status != 0
    assert "is for another name" in refused.err


def test_an_expired_certificate_is_named_as_such(start_secure, ca):
    expired = ca.issue("expired", alt_names="DNS:localhost", days=-1)
    more = ("--admin-tls-cert-file", str(expired.cert), "--admin-tls-key-file", str(expired.key))
    proxy = start_secure(ca.issue("server", alt_names="IP:127.0.0.1"), *more)
    refused = Ctl("--admin", by_name(proxy), "--ca-file", str(ca.file))("list")
    assert refused.status != 0
    assert "has expired" in refused.err


def test_a_client_that_never_ends_its_handshake_keeps_nobody_out(start_secure, ca):
    proxy = start_secure(ca.issue("server"))
    host, port = proxy.admin_address.split(":")
    silent = [socket.create_connection((host, int(port))) for _ in range(100)]
    half = [socket.create_connection((host, int(port))) for _ in range(100)]
    for connection in half:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01")  # the beginning of a ClientHello
    for _ in range(5):
        assert proxy.admin("GET", "/readyz", timeout=20).status == 200
    for connection in silent + half:
        connection.close()


def test_old_versions_of_tls_are_refused(start_secure, ca):
    proxy = start_secure(ca.issue("server"))
    host, port = proxy.admin_address.split(":")
    context = ssl.create_default_context(cafile=ca.file)
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection((host, int(port))) as raw,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        context.wrap_socket(raw, server_hostname="localhost")


def test_a_reload_presents_the_new_certificate(start_secure, ca):
    pair = ca.issue("renewed")
    proxy = start_secure(pair)
    host, port = proxy.admin_address.split(":")

    def serial() -> str:
        context = ssl.create_default_context(cafile=ca.file)
        with (
            socket.create_connection((host, int(port))) as raw,
            context.wrap_socket(raw, server_hostname="localhost") as tls,
        ):
            return tls.getpeercert()["serialNumber"]

    before = serial()
    ca.issue("renewed")
    proxy.process.send_signal(signal.SIGHUP)
    eventually(lambda: serial() != before)
    renewed = serial()
    pair.key.write_text("broken")
    proxy.process.send_signal(signal.SIGHUP)
    eventually(lambda: "not reloaded" in proxy.log())
    assert serial() == renewed


def test_a_reload_warns_of_an_expired_certificate(start_secure, ca):
    pair = ca.issue("expiring")
    proxy = start_secure(pair)
    assert "expired at" not in proxy.log()
    ca.issue("expiring", days=-1)
    proxy.process.send_signal(signal.SIGHUP)
    eventually(lambda: f'the certificate in "{pair.cert}" expired at 20' in proxy.log())


def test_failed_handshakes_are_counted_and_logged(start_secure, ca, other_ca):
    server, stranger = ca.issue("server"), other_ca.issue("stranger")
    proxy = start_secure(server, "--admin-client-ca-file", str(ca.file))
    ctl = ctl_of(proxy, "--ca-file", ca.file, "--cert-file", stranger.cert,
                 "--key-file", stranger.key)  # fmt: skip
    assert ctl("list").status != 0
    counts = eventually(
        lambda: (found := proxy.metrics())['osproxy_admin_tls_failures_total{class="untrusted"}']
        and found
    )
    assert counts["osproxy_admin_tls_handshakes_total"] > 0
    assert "admin listener: TLS with 127.0.0.1 failed: untrusted: " in proxy.log()


def test_settings_that_do_not_go_together_are_refused(ca):
    pair = ca.issue("server")

    def error(*flags) -> str:
        command = [program("osproxy"), "--upstream", "http://127.0.0.1:1", *map(str, flags)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 2
        return done.stderr

    assert "go together" in error("--admin-tls-cert-file", pair.cert)
    both = ("--admin-tls-cert-file", pair.cert, "--admin-tls-key-file", ca.file)
    assert "--admin-tls-key-file" in error(*both)
    assert "needs --admin-tls-cert-file" in error("--admin-client-ca-file", ca.file)


def test_an_ack_has_the_https_address_and_fleet_follows_it(start_proxy, echo, etcd, ca):
    pair = ca.issue("server")
    flags = ["--admin-tls-cert-file", str(pair.cert), "--admin-tls-key-file", str(pair.key)]
    key = "test/admin-tls/directives"
    proxy = start_proxy(upstream=echo.url, etcd=etcd, key=key, arguments=flags, admin_ca=ca.file)
    ctl = Ctl("--endpoints", etcd.endpoint, "--key", key)
    eventually(lambda: proxy.admin_url in ctl("fleet", "--output", "json").out)
    asked = ctl("status", "--fleet", "--ca-file", str(ca.file))
    assert asked.status == 0, asked.err


def test_beyond_loopback_without_tls_there_is_a_warning(echo, tmp_path):
    token = tmp_path / "token"
    token.write_text("0123456789abcdef0123456789abcdef")
    token.chmod(0o600)
    proxy = Proxy(
        tmp_path,
        upstream=echo.url,
        arguments=["--admin-token-file", str(token)],
        admin_token=token.read_text(),
    )
    place = proxy.arguments.index("--admin-listen") + 1
    proxy.arguments[place] = proxy.arguments[place].replace("127.0.0.1", "0.0.0.0")
    with proxy:
        assert "beyond loopback without TLS" in proxy.log()
        assert proxy.status()["admin"]["tls"] is False
        shown = ctl_of(proxy, "--token-file", token)("status")
        assert "beyond loopback without TLS" in shown.out
