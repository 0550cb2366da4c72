"""osproxyctl --fleet on a real etcd: the instances that the acks name are asked, all others named."""

import json

import pytest

from parts import Ctl, eventually

KEY = "test/fleet-choice/directives"


@pytest.fixture
def start_member(start_proxy, own_etcd, opensearch):
    def start(name: str, *arguments: str):
        return start_proxy(
            name, upstream=opensearch.url, etcd=own_etcd, key=KEY,
            arguments=("--instance", name, "--etcd-ack-ttl", "10m", *arguments),
        )  # fmt: skip

    return start


@pytest.fixture
def ctl(own_etcd):
    return Ctl.of_etcd(own_etcd, KEY)


def members(ctl) -> dict:
    shown = ctl("fleet", "--output", "json").json()
    return {member["instance"]: member["ack"] for member in shown["instances"]}


def await_addresses(ctl, *proxies) -> None:
    wanted = {p.arguments[p.arguments.index("--instance") + 1]: p.admin_url for p in proxies}
    eventually(
        lambda: {name: ack["admin"] for name, ack in members(ctl).items()} == wanted,
        timeout=40,
        what="the addresses in all acks",
    )


def requests_of(done) -> int:
    return sum(row["now"]["requests"]["value"] for row in done.json()["rows"])


def put_ack(etcd, name: str, **fields) -> None:
    """As a stranger with the rights of an instance may."""
    ack = {
        "instance": name, "revision": 0, "rejected": None, "state": "synced",
        "verified_age_ms": 1, "version": "0.0.9", "started": "2026-11-24T09:00:00Z",
        "written": "2026-11-24T09:00:00Z", "thinned_count": 0, "thinned": [], **fields,
    }  # fmt: skip
    lease = etcd.etcdctl("lease", "grant", "600")
    etcd.etcdctl("put", f"--lease={int(lease['ID']):x}", f"test/fleet-choice/fleet/{name}",
                 json.dumps(ack))  # fmt: skip


def test_all_commands_show_the_sum_of_the_fleet(start_member, ctl, index, traffic):
    one, two = start_member("proxy-1"), start_member("proxy-2")
    await_addresses(ctl, one, two)
    for proxy, count in ((one, 5), (two, 3)):
        for _ in range(count):
            traffic.search(proxy, index, tenant="acme")
    eventually(
        lambda: requests_of(ctl("top", "--fleet", "--tenant", "acme", "-o", "json")) == 8,
        what="the sum of both",
    )
    assert "of 2 instances" in ctl("top", "--fleet").out
    by_one = Ctl.of_admin(two)("top", "--fleet", "--tenant", "acme", "-o", "json")
    assert requests_of(by_one) == 8, "one name is enough"

    failed = {
        traffic.send(proxy, "POST", "/_bulk", tenant="acme",
                     headers={"Content-Type": "application/x-ndjson"},
                     body=json.dumps({"index": {"_index": index}}) + '\n{"number":"none"}\n')
        for proxy in (one, two)
    }  # fmt: skip
    eventually(
        lambda: {
            json.loads(line)["request_id"]
            for line in ctl("recent", "--fleet", "-o", "json").out.splitlines()
        } == failed,
        what="a failed bulk of each",
    )

    def planned() -> bool:
        plan = ctl("plan", "--fleet", "--tenant", "acme", "--level", "Shape", "--ttl", "1m")
        assert (plan.status, plan.err) == (0, "")
        return "10 requests" in plan.out and "on 2 of 2 instances" in plan.out

    eventually(planned, what="a plan over both")  # it counts whole seconds
    running = ctl("inflight", "--fleet", "-o", "json").json()
    assert [r["admin"] for r in running["instances"]] == [one.admin_url, two.admin_url]
    status = ctl("status", "--fleet", "-v")
    assert status.status == 0 and "2/2 synced" in status.out
    assert f"asks proxy-1 at {one.admin_url}\n" in status.err
    assert ctl("explain", failed.pop(), "--fleet").status == 0


def test_each_missing_instance_is_a_line_and_the_others_are_shown(
    start_member, own_etcd, ctl, index, traffic
):
    one, killed = start_member("proxy-1"), start_member("proxy-2")
    off = start_member("proxy-3", "--recorder-bytes", "0")
    await_addresses(ctl, one, killed, off)
    for _ in range(4):
        traffic.search(one, index, tenant="acme")
    killed.kill()
    put_ack(own_etcd, "old")
    put_ack(own_etcd, "file", admin="file:///etc/passwd")
    put_ack(own_etcd, "esc", admin="http://\x1b[2J:1\n")
    put_ack(own_etcd, "other", admin=one.admin_url)
    top = ctl("top", "--fleet", "--tenant", "acme")
    assert top.status == 5
    assert "4 requests" in top.out and "of 1 instance\n" in top.out
    lines = sorted(top.err.splitlines())
    assert len(lines) == 6, top.err
    for name, why in (
        ("esc", "cannot be used"),
        ("file", "cannot be used"),
        ("old", "has no admin address"),
        ("other", "this is proxy-1, another instance"),
        ("proxy-2", "connection refused"),
        ("proxy-3", "recorder"),
    ):
        line = lines.pop(0)
        assert line.startswith(name) and why in line, line
    assert "\x1b" not in top.err and "passwd" not in top.err
    for command in (
        ("recent",), ("plan", "--all", "--level", "Shape", "--ttl", "1m"), ("inflight",),
        ("status",),
    ):  # fmt: skip
        done = ctl(*command, "--fleet")
        assert done.status == 5, command
        shown = done.err + done.out
        assert "old is not asked" in shown and "connection refused" in shown, command
        assert "\x1b" not in shown


def test_a_given_address_and_that_of_a_wildcard_are_advertised(start_proxy, own_etcd, tmp_path, ctl):
    token = tmp_path / "token"
    token.write_text("0123456789abcdef")
    token.chmod(0o600)
    options = {"upstream": "http://127.0.0.1:1", "etcd": own_etcd, "key": KEY}
    advertise = ("--admin-advertise", "proxy.example:80")
    given = start_proxy("given", arguments=("--instance", "given", *advertise), **options)
    found = start_proxy("found", arguments=("--instance", "found"), **options)
    port = found.admin_address.rpartition(":")[2]
    found.stop()
    at = found.arguments.index("--admin-listen") + 1
    found.arguments[at] = f"0.0.0.0:{port}"
    found.arguments += ["--admin-token-file", str(token)]
    found.start()
    eventually(
        lambda: {n: a["admin"] for n, a in members(ctl).items()}
        == {"given": "http://proxy.example:80", "found": f"http://127.0.0.1:{port}"},
        timeout=40,
        what="both addresses",
    )
    asked = ctl("status", "--fleet", "--fleet-hosts", "127.0.0.1", "--token-file", str(token))
    assert "given is not asked: http://proxy.example:80 is not among" in asked.out
    assert "1/2 synced" in asked.out
    assert given.status()["ack"]["state"] == "written"
