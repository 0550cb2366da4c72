"""TLS and mTLS to etcd: what works, the text for each mistake, and renewal while running."""

import os
import subprocess

import pytest

from parts import Authority, Ctl, Etcd, EtcdTls, eventually, program
from parts.process import free_port

USAGE, UNREACHABLE = 2, 5

# No request goes there: these tests are about directives.
UPSTREAM = "http://127.0.0.1:9"
KEY = "osproxy/directives"
DOCUMENT = '{"directives":[{"id":"%s","level":"Shape","ttl_secs":600}]}'


def watch_fails(*where: str, env=None) -> subprocess.CompletedProcess:
    """A start that must fail at once, not at its deadline."""
    done = subprocess.run(
        [program("osproxyctl"), "watch", "--timeout", "5m", *where],
        env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if not line.startswith("See: ")]
    assert len(lines) == 1, done.stderr  # gRPC's own log is not shown
    return done


@pytest.fixture(scope="module")
def module_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def ca(module_dir) -> Authority:
    return Authority(module_dir, "one")


@pytest.fixture(scope="module")
def other_ca(module_dir) -> Authority:
    return Authority(module_dir, "two")


@pytest.fixture(scope="module")
def tls_etcd(module_dir, ca):
    with Etcd(module_dir, "tls", tls=EtcdTls(ca.file, ca.issue("server"))) as etcd:
        yield etcd


@pytest.fixture(scope="module")
def mtls_etcd(module_dir, ca):
    tls = EtcdTls(ca.file, ca.issue("mtls-server"), ca.file, ca.issue("etcdctl"))
    with Etcd(module_dir, "mtls", tls=tls) as etcd:
        yield etcd


def client_flags(ca, pair=None) -> list[str]:
    flags = ["--etcd-ca-file", str(ca.file)]
    if pair:
        flags += ["--etcd-cert-file", str(pair.cert), "--etcd-key-file", str(pair.key)]
    return flags


def holds(proxy, *ids: str):
    return eventually(lambda: proxy.active() == list(ids), timeout=60, what=f"{ids} in force")


def put(etcd, name: str) -> int:
    return etcd.put(KEY, DOCUMENT % name)


def test_a_proxy_follows_etcd_over_tls(tls_etcd, ca, start_proxy):
    proxy = start_proxy(upstream=UPSTREAM, etcd=tls_etcd, arguments=client_flags(ca))
    for name in ("first", "second"):
        put(tls_etcd, name)
        holds(proxy, name)
    assert proxy.status()["store"]["state"] == "synced"


def test_a_proxy_and_osproxyctl_work_over_mtls_by_name(mtls_etcd, ca, start_proxy):
    ours = ca.issue("osproxy")
    flags = client_flags(ca, ours)
    endpoint = mtls_etcd.endpoint.replace("127.0.0.1", "localhost")
    proxy = start_proxy(
        upstream=UPSTREAM, arguments=["--etcd-endpoints", endpoint, "--etcd-key", "k", *flags]
    )
    ctl = Ctl("--endpoints", endpoint, "--key", "k", *flags)
    done = ctl("on", "--all", "--level", "Shape", "--ttl", "10m", "--id", "all")
    assert done.status == 0, done.err
    holds(proxy, "all")
    assert ctl("off", "all").status == 0
    holds(proxy)


def test_variables_name_the_files_too(mtls_etcd, ca):
    ours = ca.issue("by-variable")
    listed = subprocess.run(
        [program("osproxyctl"), "list"],
        env={
            **os.environ,
            "OSPROXYCTL_ENDPOINTS": mtls_etcd.endpoint,
            "OSPROXYCTL_KEY": "no/document",
            "OSPROXYCTL_ETCD_CA_FILE": str(ca.file),
            "OSPROXYCTL_ETCD_CERT_FILE": str(ours.cert),
            "OSPROXYCTL_ETCD_KEY_FILE": str(ours.key),
        },
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert listed.returncode == 0, listed.stderr


def test_without_a_ca_file_the_systems_cas_are_trusted(tls_etcd, ca, start_proxy):
    # gRPC's variable replaces a CA that is installed on the machine.
    env = {"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(ca.file)}
    proxy = start_proxy(upstream=UPSTREAM, etcd=tls_etcd, env=env)
    assert proxy.status()["store"]["state"] == "synced"
    assert "not trusted" in watch_fails("--endpoints", tls_etcd.endpoint).stderr


def fails_with(text: str, endpoint: str, *flags: str) -> None:
    done = watch_fails("--endpoints", endpoint, *flags)
    assert done.returncode == UNREACHABLE, done.stderr
    assert f"{endpoint}: {text}" in done.stderr
    assert "?" in done.stderr  # and the next thing to check


def test_a_certificate_of_an_unknown_ca_is_named(tls_etcd, other_ca):
    fails_with("its certificate is not trusted", tls_etcd.endpoint, *client_flags(other_ca))


def test_a_certificate_for_another_name_is_named(tmp_path, ca):
    pair = ca.issue("elsewhere", alt_names="DNS:etcd.example,IP:127.0.0.1")
    with Etcd(tmp_path, tls=EtcdTls(ca.file, pair)) as etcd:
        endpoint = etcd.endpoint.replace("127.0.0.1", "localhost")
        fails_with("its certificate is for another name", endpoint, *client_flags(ca))


def test_an_expired_certificate_is_named(tmp_path, ca):
    tls = EtcdTls(ca.file, ca.issue("fresh"))
    with Etcd(tmp_path, tls=tls) as etcd:
        tls.server.replace_by(ca.issue("expired", days=-1))  # etcd reads it at each handshake
        fails_with("its certificate is not valid now", etcd.endpoint, *client_flags(ca))


def test_a_missing_client_certificate_is_named(mtls_etcd, ca):
    fails_with("it refuses our certificate", mtls_etcd.endpoint, *client_flags(ca))


def test_a_refused_client_certificate_is_named(mtls_etcd, ca, other_ca):
    flags = client_flags(ca, other_ca.issue("stranger"))
    fails_with("it refuses our certificate", mtls_etcd.endpoint, *flags)


def test_tls_to_an_etcd_without_it_is_named(etcd, ca):
    fails_with("the server does not speak TLS", "https://" + etcd.endpoint, *client_flags(ca))


def test_no_tls_to_an_etcd_with_it_is_named(tls_etcd, mtls_etcd):
    for etcd in (tls_etcd, mtls_etcd):
        fails_with("the server speaks TLS", etcd.endpoint.removeprefix("https://"))


def test_a_web_server_instead_of_etcd_is_named(start_proxy, ca):
    web = start_proxy("web", upstream=UPSTREAM)
    fails_with("the server there is not etcd v3", web.address)
    fails_with("the server does not speak TLS", "https://" + web.address, *client_flags(ca))


def test_a_closed_port_and_an_unknown_host_are_named(ca):
    fails_with("connection refused", f"https://127.0.0.1:{free_port()}", *client_flags(ca))
    fails_with("the name does not resolve", "https://no-such-host.invalid:2379")


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        (("http://a:1,https://b:1",), "either all or none"),
        (("a:1", "--etcd-ca-file", "ca.crt"), "without TLS"),
        (("https://a:1", "--etcd-cert-file", "client.crt"), "belong together"),
        (("https://a:1", "--etcd-ca-file", "missing"), '"missing" cannot be read: No such file'),
        (("https://a:1", "--etcd-ca-file", "client.key"), "holds no certificate"),
        (("https://a:1", "--etcd-cert-file", "client.crt", "--etcd-key-file", "ca.crt"),
         "holds no private key"),
        (("https://a:1", "--etcd-cert-file", "ca.crt", "--etcd-key-file", "client.key"),
         "does not belong to the certificate"),
        (("a:1", "--etcd-user", "u"), "belong together"),
        (("a:1", "--etcd-user", "u", "--etcd-password-file", "empty"), "is empty"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_used_are_named_before_anything_is_sent(
    flags, text, ca, tmp_path, monkeypatch
):
    ours = ca.issue("usage")
    for name, file in {"ca.crt": ca.file, "client.crt": ours.cert, "client.key": ours.key}.items():
        (tmp_path / name).write_bytes(file.read_bytes())
    (tmp_path / "empty").touch()
    monkeypatch.chdir(tmp_path)
    done = watch_fails("--endpoints", *flags)
    assert done.returncode == USAGE
    assert text in done.stderr
    proxy = subprocess.run(
        [program("osproxy"), "--upstream", UPSTREAM, "--etcd-endpoints", *flags],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert proxy.returncode == USAGE
    assert text in proxy.stderr or "it must be a file that can be read" in proxy.stderr


def test_a_renewed_ca_and_certificates_are_used_without_a_restart(
    tmp_path, ca, other_ca, start_proxy
):
    tls = EtcdTls(ca.file, ca.issue("before"), ca.file, ca.issue("etcdctl-before"))
    ours = ca.issue("ours")
    ca_file = tmp_path / "ca.crt"
    ca_file.write_bytes(ca.file.read_bytes())
    with Etcd(tmp_path, "renewed", tls=tls) as etcd:
        put(etcd, "before")
        flags = ["--etcd-ca-file", str(ca_file), *client_flags(ca, ours)[2:]]
        proxy = start_proxy(upstream=UPSTREAM, etcd=etcd, arguments=flags)
        holds(proxy, "before")

        etcd.stop()
        ca_file.write_bytes(other_ca.file.read_bytes())
        ours.replace_by(other_ca.issue("ours"))
        etcd.tls = EtcdTls(
            other_ca.file, other_ca.issue("after"), other_ca.file, other_ca.issue("etcdctl-after")
        )
        etcd.start()
        put(etcd, "after")
        holds(proxy, "after")
        assert proxy.status()["store"]["state"] == "synced"


def test_half_a_renewal_keeps_the_old_files_and_is_reported(
    tmp_path, ca, other_ca, start_proxy
):
    tls = EtcdTls(ca.file, ca.issue("half"), ca.file, ca.issue("etcdctl-half"))
    ours = ca.issue("half-ours")
    with Etcd(tmp_path, "half", tls=tls) as etcd:
        proxy = start_proxy(upstream=UPSTREAM, etcd=etcd, arguments=client_flags(ca, ours))
        etcd.stop()
        ours.key.write_bytes(other_ca.issue("half-other").key.read_bytes())
        eventually(
            lambda: "does not belong to the certificate" in proxy.status()["store"]["reason"],
            timeout=60,
            what="the reason names the key file",
        )
        etcd.start()
        put(etcd, "half")
        holds(proxy, "half")
