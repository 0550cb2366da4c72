"""Roles and tenants of the admin listener, on a real proxy with traffic of two tenants."""

import base64
import hashlib
import json
import re
import signal
import subprocess
import time
import urllib.request
import uuid
from pathlib import Path

import pytest
from echo_upstream import EchoUpstream

from parts import Authority, Ctl, eventually, program, request

ROOT = Path(__file__).resolve().parents[2]

# Each name of the tenant that others must not see begins so.
CANARY = "canary"

TOKENS = {name: f"token-of-{name}-0123456789" for name in ("vera", "otto", "ada", "acme", "eye")}
LINES = {
    "vera": "viewer",
    "otto": "operator",
    "ada": "admin",
    "acme": "operator",
    "eye": "viewer",
}
TENANTS = {"acme": " tenant=acme", "eye": " tenant=acme"}

# Every endpoint, with the least role. GET /admin lists them, and the test compares.
ENDPOINTS = {
    "GET /": None,
    "GET /console/{id}": None,
    "GET /admin": "viewer",
    "GET /admin/directives": "viewer",
    "POST /admin/directives": "operator",
    "GET /admin/history": "viewer",
    "GET /admin/history/{id}": "viewer",
    "POST /admin/rollback": "operator",
    "GET /admin/whoami": "viewer",
    "GET /admin/status": "viewer",
    "GET /admin/fleet": "viewer",
    "GET /admin/top": "viewer",
    "GET /admin/recent": "viewer",
    "POST /admin/plan": "viewer",
    "GET /admin/fleet/top": "viewer",
    "GET /admin/fleet/recent": "viewer",
    "GET /admin/fleet/inflight": "viewer",
    "POST /admin/fleet/plan": "viewer",
    "GET /admin/tail": "viewer",
    "GET /admin/inflight": "viewer",
    "GET /admin/why/{id}": "viewer",
    "GET /debug/explain/{id}": "viewer",
    "GET /debug/breakglass": "viewer",
    "GET /metrics": None,
    "GET /healthz": None,
    "GET /readyz": None,
}
# A token that is bound to tenants may not use these at all.
WHOLE = ["GET /admin/history", "GET /admin/history/{id}", "POST /admin/rollback"]
RANK = ["viewer", "operator", "admin"]


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def line_of(name: str) -> str:
    return f"{name} {LINES[name]} sha256={digest(TOKENS[name])}{TENANTS.get(name, '')}\n"


@pytest.fixture
def echo():
    with EchoUpstream() as upstream:
        yield upstream


@pytest.fixture
def tokens_file(tmp_path):
    path = tmp_path / "admin-tokens"
    path.write_text("# who may use the admin listener\n" + "".join(map(line_of, LINES)))
    path.chmod(0o600)
    return path


@pytest.fixture
def proxy(start_proxy, echo, tokens_file):
    proxy = start_proxy(
        upstream=echo.url,
        arguments=["--admin-tokens-file", str(tokens_file)],
        admin_token=TOKENS["ada"],
    )
    document = {
        "directives": [
            {"id": "own", "level": "Shape", "ttl_secs": 600, "tenant": "acme", "ring_buffer": True},
            {"id": f"{CANARY}-directive", "level": "Shape", "ttl_secs": 600,
             "tenant": f"{CANARY}-tenant", "reason": f"{CANARY}-reason", "ring_buffer": True},
            # Of all tenants: a record names it, as docs/access.md says.
            {"id": "everyone", "level": "Off", "ttl_secs": 600, "reason": f"{CANARY}-reason"},
        ]
    }  # fmt: skip
    assert proxy.admin("POST", "/admin/directives", json_body=document).status == 200
    for tenant in ("acme", f"{CANARY}-tenant"):
        for number in range(3):
            headers = {"X-Tenant-Id": tenant, "X-Request-Id": f"{tenant}-{number}"}
            proxy.request("GET", f"/{tenant}-index/_search", headers=headers)
        eventually(lambda tenant=tenant: proxy.explain(f"{tenant}-2"))
    return proxy


def ask(proxy, name: str | None, endpoint: str, request_id="acme-0", **options):
    method, path = endpoint.split(" ")
    headers = {"Authorization": f"Bearer {TOKENS[name]}"} if name else {}
    if method == "POST":
        options.setdefault("json_body", {"directives": []})
    url = proxy.admin_url + path.replace("{id}", request_id)
    return request(method, url, headers=headers, **options)


def test_every_endpoint_needs_its_role(proxy):
    listed = ask(proxy, "vera", "GET /admin").body.decode().splitlines()
    shown = {" ".join(line.split()[:2]) for line in listed if line.startswith(("GET ", "POST "))}
    assert shown == set(ENDPOINTS)
    for endpoint, least in ENDPOINTS.items():
        if endpoint == "GET /admin/tail":
            continue  # it does not end
        stranger = ask(proxy, None, endpoint).status
        assert (stranger == 401) == (least is not None), endpoint
        for name in ("vera", "otto", "ada", "acme"):
            may = least is None or RANK.index(LINES[name]) >= RANK.index(least)
            may = may and not (name in TENANTS and endpoint in WHOLE)
            # 400, 404 and 409 come from the endpoint itself, as where no history is kept.
            status = ask(proxy, name, endpoint).status
            assert status != 401 and (status != 403) == may, (name, endpoint, status)


def test_a_bound_token_sees_nothing_of_others(proxy):
    shown = 0
    for endpoint, least in ENDPOINTS.items():
        if least is None or endpoint == "GET /admin/tail":
            continue
        for request_id in ("acme-0", f"{CANARY}-tenant-0"):
            for name in ("acme", "eye"):
                reply = ask(proxy, name, endpoint, request_id)
                body = reply.body.decode().replace(request_id, "")
                assert CANARY not in body, (endpoint, name)
        if endpoint.startswith("GET"):
            shown += CANARY in ask(proxy, "vera", endpoint, f"{CANARY}-tenant-0").body.decode()
    assert shown >= 6
    assert ask(proxy, "eye", "GET /debug/explain/{id}").status == 200
    hidden = ask(proxy, "eye", "GET /debug/explain/{id}", f"{CANARY}-tenant-0")
    unknown = ask(proxy, "eye", "GET /debug/explain/{id}", "no-such-request")
    assert (hidden.status, hidden.body) == (404, unknown.body)


def test_a_bound_operator_switches_its_own_directives_only(proxy, tmp_path):
    token = tmp_path / "token"
    token.write_text(TOKENS["acme"])
    token.chmod(0o600)
    ctl = Ctl("--admin", proxy.admin_url, "--token-file", str(token))
    assert CANARY not in ctl("list").out
    mine = ctl("on", "--tenant", "acme", "--level", "Shape", "--ttl", "5m", "--id", "mine")
    assert mine.status == 0, mine.err
    others = ctl("on", "--tenant", "globex", "--level", "Shape", "--ttl", "5m")
    assert others.status != 0
    assert "bound to tenants" in others.err
    assert ctl("off", "--all").status == 0
    ids = [one["id"] for one in proxy.admin("GET", "/admin/directives").json()["directives"]]
    assert ids == [f"{CANARY}-directive", "everyone"]


def test_a_bound_operator_leaves_what_others_put_by_hand(start_proxy, echo, etcd, tokens_file):
    key = f"test/{uuid.uuid4().hex}/directives"
    proxy = start_proxy(
        upstream=echo.url, etcd=etcd, key=key, admin_token=TOKENS["ada"],
        arguments=["--admin-tokens-file", str(tokens_file)],
    )  # fmt: skip
    others = [
        {"id": "by-hand", "level": "Shape", "ttl_secs": 600, "tenant": "globex"},
        {"id": "for-long", "level": "Shape", "expires_at": "2199-01-01T00:00:00Z"},
    ]
    etcd.put(key, json.dumps({"directives": others}))
    eventually(lambda: sorted(proxy.active()) == ["by-hand", "for-long"])

    def ends():
        reply = proxy.admin("GET", "/admin/directives").json()
        return {one["id"]: one["expires_at"] for one in reply["directives"]}

    before = ends()
    own = {"id": "own", "level": "Shape", "ttl_secs": 60, "tenant": "acme"}
    time.sleep(1.1)  # a life that began again would end in another second
    published = ask(proxy, "acme", "POST /admin/directives", json_body={"directives": [own]})
    assert published.status == 200, published.body
    eventually(lambda: "own" in proxy.active())
    assert {name: end for name, end in ends().items() if name != "own"} == before
    read = etcd.etcdctl("get", key)["kvs"][0]["value"]
    assert json.loads(base64.b64decode(read))["directives"][:2] == others


def test_a_reload_takes_new_lines_and_keeps_old_ones_of_a_broken_file(proxy, tokens_file):
    tokens_file.write_text(line_of("ada"))
    proxy.process.send_signal(signal.SIGHUP)
    eventually(lambda: ask(proxy, "vera", "GET /admin/whoami").status == 401)
    assert ask(proxy, "ada", "GET /admin/whoami").json()["role"] == "admin"
    tokens_file.write_text(line_of("ada") + "vera chief sha256=00\n")
    proxy.process.send_signal(signal.SIGHUP)
    eventually(lambda: "line 2 has an unknown role" in proxy.log())
    assert ask(proxy, "ada", "GET /admin/whoami").status == 200


def test_a_tail_ends_soon_after_its_line_is_removed(proxy, tokens_file):
    headers = {"Authorization": f"Bearer {TOKENS['eye']}"}
    stream = urllib.request.Request(proxy.admin_url + "/admin/tail", headers=headers)
    with urllib.request.urlopen(stream, timeout=60) as tail:
        assert tail.readline() == b"event: instance\n"
        tokens_file.write_text("".join(line_of(name) for name in LINES if name != "eye"))
        proxy.process.send_signal(signal.SIGHUP)
        rest = tail.read().decode()
    assert rest.endswith(
        'event: ended\ndata: {"reason":"the token of this request is not known any more"}\n\n'
    )
    assert ask(proxy, "vera", "GET /admin/whoami").status == 200


def test_refusals_are_counted_and_logged_without_the_token(proxy):
    assert ask(proxy, "vera", "POST /admin/directives").status == 403
    wrong = request(
        "GET", proxy.admin_url + "/admin/status", headers={"Authorization": "Bearer canary-token"}
    )
    assert wrong.status == 401
    counts = proxy.metrics()
    assert counts['osproxy_admin_refusals_total{reason="role"}'] == 1
    assert counts['osproxy_admin_refusals_total{reason="bad_token"}'] == 1
    log = eventually(lambda: proxy.log() if "bad_token" in proxy.log() else None)
    assert "refused POST /admin/directives from 127.0.0.1: role of vera" in log
    assert "canary-token" not in log


def test_a_new_token_admits_its_holder(proxy, tokens_file):
    made = Ctl()("token", "new", "bob", "--role", "viewer", "--tenant", "a b", "--output", "json")
    assert made.status == 0, made.err
    token, line = made.json()["token"], made.json()["line"]
    assert token not in line
    with tokens_file.open("a") as file:
        file.write(line + "\n")
    proxy.process.send_signal(signal.SIGHUP)

    def who():
        return request(
            "GET", proxy.admin_url + "/admin/whoami", headers={"Authorization": f"Bearer {token}"}
        )

    eventually(lambda: who().status == 200)
    assert who().json() == {"name": "bob", "role": "viewer", "tenants": ["a b"]}


def test_a_client_certificate_is_a_proof(start_proxy, echo, tmp_path):
    ca = Authority(tmp_path, "clients")
    server, ana, eve = ca.issue("server"), ca.issue("ana"), ca.issue("eve")
    tokens = tmp_path / "tokens"
    tokens.write_text(line_of("ada") + "ana operator cn=ana\n")
    tokens.chmod(0o600)
    proxy = start_proxy(
        upstream=echo.url,
        arguments=[
            "--admin-tokens-file", str(tokens),
            "--admin-tls-cert-file", str(server.cert), "--admin-tls-key-file", str(server.key),
            "--admin-client-ca-file", str(ca.file),
        ],
        admin_ca=ca.file,
        admin_token=TOKENS["ada"],
    )  # fmt: skip
    assert proxy.admin("GET", "/admin/whoami").json()["name"] == "ada"

    def ctl(pair):
        return Ctl("--admin", proxy.admin_url, "--ca-file", str(ca.file),
                   "--cert-file", str(pair.cert), "--key-file", str(pair.key))  # fmt: skip

    on = ctl(ana)("on", "--tenant", "acme", "--level", "Shape", "--ttl", "5m", "--id", "by-ana")
    assert on.status == 0, on.err
    assert proxy.active() == ["by-ana"]
    refused = ctl(eve)("list")
    assert refused.status != 0
    assert "no line of the tokens file names this client certificate" in refused.err


def test_a_file_that_names_nobody_is_refused(tmp_path):
    empty = tmp_path / "tokens"
    empty.write_text("# nobody\n")
    done = subprocess.run(
        [program("osproxy"), "--upstream", "http://127.0.0.1:1", "--admin-tokens-file", str(empty)],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "names nobody" in done.stderr


ARGUMENTS = {
    "on": ["--tenant", "acme", "--level", "Shape", "--ttl", "5m"],
    "plan": ["--tenant", "acme", "--level", "Shape", "--ttl", "5m"],
    "off": ["own"],
    "publish": ["-"],
    "explain": ["acme-0"],
    "why": ["acme-0"],
    "rollback": ["1"],
}


def commands_of_the_manual() -> dict[str, str]:
    page = (ROOT / "docs/access.md").read_text().split("<!-- commands -->")[1]
    return dict(re.findall(r"^\| `(\w+)` \| (\w+) \|$", page, re.M))


def test_the_manual_says_which_role_a_command_needs(proxy, tmp_path):
    token = tmp_path / "vera"
    token.write_text(TOKENS["vera"])
    token.chmod(0o600)
    ctl = Ctl("--admin", proxy.admin_url, "--token-file", str(token))
    commands = commands_of_the_manual()
    assert {"status", "on", "off", "publish", "why"} <= set(commands)
    for command, role in commands.items():
        if command == "tail":
            continue  # it does not end
        done = ctl(command, *ARGUMENTS.get(command, []), stdin='{"directives":[]}')
        if command in ("history", "rollback"):  # which publishes as `publish` does
            assert "keeps no history" in done.err, done.err  # the proxy has its document in memory
        elif role == "viewer":
            assert done.status == 0, (command, done.err)
        else:
            assert f"this needs the role {role}" in done.err, (command, done.err)
