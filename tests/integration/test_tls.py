"""TLS with real clients and nodes: names, client certificates, resumption, renewal under traffic."""

import http.client
import signal
import socket
import ssl
import subprocess
import threading

import pytest
from echo_upstream import EchoUpstream
from opensearchpy import OpenSearch as Client
from parts.process import free_port

from parts import Authority, eventually, program, request

SELECT_ANA = {"directives": [{"id": "ana", "level": "Shape", "principal": "ana", "ttl_secs": 600}]}


@pytest.fixture(scope="module")
def module_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def ca(module_dir) -> Authority:
    return Authority(module_dir, "one")


@pytest.fixture(scope="module")
def other_ca(module_dir) -> Authority:
    return Authority(module_dir, "two")


@pytest.fixture
def echo():
    with EchoUpstream() as upstream:
        yield upstream


def listen_flags(*pairs) -> list[str]:
    flags = []
    for pair in pairs:
        flags += ["--tls-cert-file", str(pair.cert), "--tls-key-file", str(pair.key)]
    return flags


def https_of(proxy) -> str:
    return f"https://{proxy.address}"


def connect(proxy, authority) -> http.client.HTTPSConnection:
    context = ssl.create_default_context(cafile=authority.file)
    host, port = proxy.address.split(":")
    return http.client.HTTPSConnection(host, int(port), context=context, timeout=60)


def get(connection, path="/") -> int:
    connection.request("GET", path)
    reply = connection.getresponse()
    reply.read()
    return reply.status


def test_a_client_with_a_certificate_is_the_principal(start_proxy, opensearch, index, ca):
    proxy = start_proxy(
        upstream=opensearch.url,
        arguments=[*listen_flags(ca.issue("proxy")), "--tls-client-auth", "required",
                   "--tls-client-ca-file", str(ca.file)],
    )  # fmt: skip
    assert proxy.admin("POST", "/admin/directives", json_body=SELECT_ANA).status == 200
    ana = ca.issue("ana")
    client = Client(https_of(proxy), ca_certs=str(ca.file), client_cert=str(ana.cert),
                    client_key=str(ana.key))  # fmt: skip
    found = client.search(index=index, headers={"X-Request-Id": "by-mtls"})
    assert found["hits"]["total"]["value"] == 3
    record = eventually(lambda: proxy.explain("by-mtls"), what="a record")
    assert (record["tls"], record["principal"], record["principal_verified"]) == (True, "ana", True)

    with pytest.raises(OSError):
        get(connect(proxy, ca))
    failed = 'osproxy_tls_failures_total{side="client",class="no_certificate"}'
    assert proxy.metrics()[failed] == 1


def s_client(proxy, ca, *arguments) -> str:
    """The output of `openssl s_client` for one request."""
    done = subprocess.run(
        ["openssl", "s_client", "-connect", proxy.address, "-CAfile", str(ca.file),
         "-verify_return_error", "-ign_eof", *map(str, arguments)],
        input="GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert "HTTP/1.1 200 OK" in done.stdout, done.stdout + done.stderr
    return done.stdout


def test_openssl_gets_the_named_certificate_and_resumes(start_proxy, echo, ca, tmp_path):
    named = ca.issue("named", alt_names="DNS:b.example")
    proxy = start_proxy(upstream=echo.url, arguments=listen_flags(ca.issue("proxy"), named))
    assert "subject=CN = proxy" in s_client(proxy, ca, "-noservername")
    told = s_client(proxy, ca, "-servername", "b.example", "-alpn", "h2,http/1.1")
    assert "subject=CN = named" in told
    assert "ALPN protocol: http/1.1" in told
    for version in ("-tls1_2", "-tls1_3"):
        session = tmp_path / f"session{version}"
        assert "New, TLSv1." in s_client(proxy, ca, version, "-sess_out", session)
        assert "Reused, TLSv1." in s_client(proxy, ca, version, "-sess_in", session)
    resumed = 'osproxy_tls_handshakes_total{side="client",resumed="true"}'
    assert proxy.metrics()[resumed] == 2


def test_curl_speaks_http_1_1_and_plain_http_gets_the_reason(start_proxy, echo, ca):
    proxy = start_proxy(upstream=echo.url, arguments=listen_flags(ca.issue("proxy")))
    done = subprocess.run(
        ["curl", "-sS", "--http2", "--cacert", ca.file, "-w", "%{http_version} %{http_code}",
         "-o", "/dev/null", https_of(proxy)],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout == "1.1 200"
    plain = request("GET", f"http://{proxy.address}/")
    assert plain.status == 400
    assert plain.json()["error"]["reason"] == "this port takes https only"


def test_a_node_is_reached_by_mtls(start_proxy, ca):
    with EchoUpstream(tls=ca.issue("node"), client_ca=ca) as node:
        ours = ca.issue("osproxy")
        proxy = start_proxy(
            upstream=node.url,
            arguments=["--upstream-ca-file", str(ca.file), "--upstream-cert-file", str(ours.cert),
                       "--upstream-key-file", str(ours.key)],
        )  # fmt: skip
        for number in range(3):
            reply = proxy.request("PUT", f"/i/_doc/{number}", body=b"x" * 200_000)
            assert (reply.status, node.last().body) == (200, b"x" * 200_000)


def test_an_https_node_is_healthy_only_with_a_trusted_certificate(
    start_proxy, ca, other_ca
):
    port = free_port()
    proxy = start_proxy(
        upstream=f"https://127.0.0.1:{port}",
        arguments=["--upstream-ca-file", str(ca.file), "--health-check-interval", "50ms"],
    )

    def has(state, reason=None) -> bool:
        (node,) = proxy.status()["upstreams"]["nodes"]
        return node["state"] == state and (reason is None or node["reason"] == reason)

    eventually(lambda: has("unhealthy", "connect_refused"), what="there is no node")
    with EchoUpstream(port, tls=ca.issue("node")):
        eventually(lambda: has("healthy"), what="the node is healthy")
        assert proxy.request("POST", "/orders/_doc", body=b"{}").status == 200
    eventually(lambda: has("unhealthy"), what="the node is gone")
    with EchoUpstream(port, tls=other_ca.issue("foreign")) as foreign:
        eventually(lambda: has("unhealthy", "tls_failed"), what="a node of another CA")
        assert foreign.seen == []
    with EchoUpstream(port, tls=ca.issue("node-again")):
        eventually(lambda: has("healthy"), what="the node is healthy again")


def test_a_renewed_ca_of_nodes_is_trusted_without_a_reload(start_proxy, ca, other_ca, tmp_path):
    trusted = tmp_path / "trusted.pem"
    trusted.write_text(ca.file.read_text())
    with EchoUpstream(tls=other_ca.issue("node-of-the-next-ca")) as node:
        proxy = start_proxy(
            upstream=node.url,
            arguments=["--upstream-ca-file", str(trusted), "--health-check-interval", "50ms"],
        )
        assert proxy.request("GET", "/").status == 502
        trusted.write_text("no certificate")
        failed = 'osproxy_reloads_total{result="failed"}'
        eventually(lambda: proxy.metrics()[failed] == 1, timeout=60, what="the file cannot be used")
        assert "cannot be used" in proxy.log()
        trusted.write_text(ca.file.read_text() + other_ca.file.read_text())
        eventually(lambda: proxy.request("GET", "/").status == 200, timeout=60,
                   what="the new CA is trusted")  # fmt: skip
        assert proxy.metrics()['osproxy_reloads_total{result="done"}'] == 1


def test_a_renewed_system_ca_is_trusted_without_a_reload(start_proxy, ca, other_ca, tmp_path):
    trusted = tmp_path / "system.pem"
    trusted.write_text(ca.file.read_text())
    with EchoUpstream(tls=other_ca.issue("node-of-a-system-ca")) as node:
        proxy = start_proxy(
            upstream=node.url,
            arguments=["--health-check-interval", "50ms"],
            env={"SSL_CERT_FILE": str(trusted)},
        )
        assert proxy.request("GET", "/").status == 502
        trusted.write_text(other_ca.file.read_text())
        eventually(lambda: proxy.request("GET", "/").status == 200, timeout=60,
                   what="the new CA is trusted")  # fmt: skip
        assert "new connections use the new ones" in proxy.log()


@pytest.mark.parametrize(
    ("made", "name_class", "reason"),
    [
        (lambda ca, _: ca.issue("old", days=-1), "expired", "certificate has expired"),
        (lambda _, other: other.issue("foreign"), "untrusted", "not issued by a CA that is trusted"),
        (lambda ca, _: ca.issue("else", alt_names="DNS:a.example"), "wrong_name", "another name"),
    ],
    ids=["expired", "untrusted", "wrong_name"],
)  # fmt: skip
def test_an_untrusted_node_is_a_502_with_the_reason(start_proxy, ca, other_ca, made, name_class, reason):
    with EchoUpstream(tls=made(ca, other_ca)) as node:
        proxy = start_proxy(upstream=node.url, arguments=["--upstream-ca-file", str(ca.file)])
        reply = proxy.request("GET", "/")
        assert reply.status == 502
        assert reply.json()["error"]["type"] == "upstream_tls"
        assert reason in reply.json()["error"]["reason"]
        failed = f'osproxy_tls_failures_total{{side="upstream",class="{name_class}"}}'
        assert proxy.metrics()[failed] >= 1
        assert node.seen == []
        assert f"failed: {name_class}" in proxy.log()

        trusting = start_proxy("trusting", upstream=node.url,
                               arguments=["--upstream-tls-verify", "off"])  # fmt: skip
        assert trusting.request("GET", "/").status == 200


@pytest.mark.parametrize(
    ("flags", "error"),
    [
        (["--tls-cert-file", "{cert}"], "--tls-cert-file and --tls-key-file go together"),
        (["--tls-cert-file", "{cert}", "--tls-key-file", "{other_key}"], "does not belong to"),
        (["--tls-cert-file", "{cert}", "--tls-key-file", "{key}", "--tls-client-auth", "optional"],
         "--tls-client-auth needs --tls-client-ca-file"),
        (["--tls-client-auth", "sometimes"], "it must be none, optional or required"),
        (["--upstream-ca-file", "{cert}"], "go with an https:// --upstream only"),
    ],
)  # fmt: skip
def test_bad_settings_are_named(ca, flags, error):
    pair, other = ca.issue("pair"), ca.issue("other")
    names = {"cert": pair.cert, "key": pair.key, "other_key": other.key}
    done = subprocess.run(
        [program("osproxy"), "--upstream", "http://127.0.0.1:9",
         "--listen", f"127.0.0.1:{free_port()}", *(flag.format(**names) for flag in flags)],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert error in done.stderr


class Load:
    """Clients that each keep a connection, and one that opens a new one for each request."""

    def __init__(self, proxy, *authorities):
        self.statuses, self.failures = [], []
        self._stop = threading.Event()
        self._bundle = "".join(authority.file.read_text() for authority in authorities)
        self._threads = [threading.Thread(target=self._run, args=(proxy, keeps))
                         for keeps in (True, True, False)]  # fmt: skip

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, proxy, keeps: bool) -> None:
        context = ssl.create_default_context(cadata=self._bundle)
        host, port = proxy.address.split(":")
        connection = http.client.HTTPSConnection(host, int(port), context=context, timeout=60)
        connection.connect()
        # From now on the end of a pooled connection is an error.
        connection.auto_open = 0
        while not self._stop.is_set():
            try:
                if not keeps:
                    connection.close()
                    connection.connect()
                self.statuses.append(get(connection))
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(error)
                return

    def goes_on(self) -> None:
        before = len(self.statuses)
        eventually(lambda: self.failures or len(self.statuses) > before + 100, what="traffic")


def serial_of(proxy, *authorities) -> str:
    bundle = "".join(authority.file.read_text() for authority in authorities)
    host, port = proxy.address.split(":")
    context = ssl.create_default_context(cadata=bundle)
    with socket.create_connection((host, int(port))) as raw:
        with context.wrap_socket(raw, server_hostname=host) as wrapped:
            return wrapped.getpeercert()["serialNumber"]


def test_certificates_are_renewed_under_traffic(start_proxy, echo, ca, other_ca):
    pair = ca.issue("renewed")
    proxy = start_proxy(upstream=echo.url, arguments=listen_flags(pair))
    first = serial_of(proxy, ca)
    with Load(proxy, ca, other_ca) as load:
        load.goes_on()
        pair.replace_by(other_ca.issue("next"))
        proxy.process.send_signal(signal.SIGHUP)
        eventually(lambda: serial_of(proxy, ca, other_ca) != first, what="the new certificate")
        load.goes_on()

        second = serial_of(proxy, other_ca)
        pair.cert.write_text("no certificate")
        proxy.process.send_signal(signal.SIGHUP)
        failed = 'osproxy_reloads_total{result="failed"}'
        eventually(lambda: proxy.metrics()[failed] == 1, what="a failed reload")
        eventually(lambda: "holds no certificate in PEM format" in proxy.log(), what="a reason")
        load.goes_on()
        assert serial_of(proxy, other_ca) == second
    assert load.failures == []
    assert set(load.statuses) == {200}
