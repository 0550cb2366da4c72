"""A bad setting: exit 2, with the setting's name and what would be right, before a socket opens."""

import os
import subprocess

import pytest

from parts import program, request
from parts.process import free_port

UPSTREAM = "http://127.0.0.1:9"


def osproxy(*arguments: str, env=None) -> subprocess.CompletedProcess:
    return subprocess.run(
        [program("osproxy"), *arguments],
        env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=30,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "setting"),
    [
        ((), "upstream"),
        (("--upstream", "127.0.0.1:9200"), "--upstream"),
        (("--upstream", "http://h:99999"), "--upstream"),
        (("--upstream", UPSTREAM, "--listen", "nonsense"), "--listen"),
        (("--upstream", UPSTREAM, "--workers", "0"), "--workers"),
        (("--upstream", UPSTREAM, "--workers", "two"), "--workers"),
        (("--upstream", UPSTREAM, "--admin-listen", "127.0.0.1:70000"), "--admin-listen"),
        (("--upstream", UPSTREAM, "--admin-listen", "0.0.0.0:9901"), "--admin-listen"),
        (("--upstream", UPSTREAM, "--etcd-endpoints", "no-port"), "--etcd-endpoints"),
        (("--upstream", UPSTREAM, "--tenant-header", "a b"), "--tenant-header"),
        (("--upstream", UPSTREAM, "--no-such-setting", "1"), "--no-such-setting"),
        (("--upstream", UPSTREAM, "--config", "/no/such/file"), "/no/such/file"),
    ],
)
def test_a_bad_flag_is_named(arguments, setting):
    done = osproxy(*arguments)
    assert done.returncode == 2, done.stderr
    assert setting in done.stderr


def test_a_bad_variable_is_named():
    done = osproxy("--upstream", UPSTREAM, env={"OSPROXY_WORKERS": "many"})
    assert done.returncode == 2
    assert "OSPROXY_WORKERS" in done.stderr


def test_a_bad_line_of_the_file_is_named(tmp_path):
    config = tmp_path / "osproxy.toml"
    config.write_text(f'upstream = ["{UPSTREAM}"]\nworkers = "many"\n')
    done = osproxy("--config", str(config))
    assert done.returncode == 2
    assert "workers" in done.stderr
    assert str(config) in done.stderr


def test_flags_go_over_the_environment_and_that_over_the_file(start_proxy, tmp_path):
    config = tmp_path / "osproxy.toml"
    config.write_text('instance = "from-file"\n')
    env = {"OSPROXY_INSTANCE": "from-environment", "OSPROXY_CONFIG": str(config)}
    flags = ("--config", str(config))
    proxy = start_proxy("of-file", upstream=UPSTREAM, arguments=flags)
    assert proxy.status()["instance"] == "from-file"
    proxy = start_proxy("of-environment", upstream=UPSTREAM, arguments=flags, env=env)
    assert proxy.status()["instance"] == "from-environment"
    flags += ("--instance", "from-flag")
    proxy = start_proxy("of-flag", upstream=UPSTREAM, arguments=flags, env=env)
    assert proxy.status()["instance"] == "from-flag"


def test_runs_with_nothing_but_an_upstream(start_proxy, opensearch):
    proxy = start_proxy(upstream=opensearch.url)
    assert proxy.status()["store"]["kind"] == "memory"
    assert proxy.request("GET", "/").json()["version"]["number"] == "2.19.1"


def test_a_taken_port_is_an_error_that_names_it(start_proxy, opensearch):
    proxy = start_proxy(upstream=opensearch.url)
    done = osproxy(
        "--upstream", UPSTREAM, "--listen", proxy.address,
        "--admin-listen", f"127.0.0.1:{free_port()}",
    )  # fmt: skip
    assert done.returncode not in (0, 2)
    assert proxy.address in done.stderr
    assert request("GET", proxy.url).status == 200  # the other one is not hurt


def test_help_and_version():
    done = osproxy("--help")
    assert done.returncode == 0
    assert "--upstream" in done.stdout and "--etcd-endpoints" in done.stdout
    assert osproxy("--version").returncode == 0


def test_help_explains_a_group_and_a_setting():
    groups = osproxy("help")
    assert groups.returncode == 0
    assert "  tls " in groups.stdout and "  etcd " in groups.stdout
    group = osproxy("help", "tls")
    assert group.returncode == 0
    assert "--tls-cert-file" in group.stdout and "--etcd-key" not in group.stdout
    setting = osproxy("help", "--idle-timeout")
    assert setting.returncode == 0
    assert "OSPROXY_IDLE_TIMEOUT" in setting.stdout and "1m15s" in setting.stdout


@pytest.mark.parametrize(
    ("arguments", "suggestion"),
    [
        (("--upsteam", UPSTREAM), "did you mean --upstream?"),
        (("--upstream", UPSTREAM, "--tls-cert", "a"), "did you mean --tls-cert-file?"),
        (("help", "nods"), "did you mean nodes?"),
    ],
)
def test_a_misspelt_name_is_refused_with_the_nearest(arguments, suggestion):
    done = osproxy(*arguments)
    assert done.returncode == 2
    assert suggestion in done.stderr


def test_a_checked_configuration_is_said_to_be_good():
    done = osproxy("--check-config", "--upstream", UPSTREAM, "--etcd-endpoints", "no-such-host:2379")
    assert (done.returncode, done.stdout) == (0, "osproxy: the configuration can be used\n")
    assert done.stderr == ""


def test_a_check_names_every_fault_and_writes_nothing(tmp_path):
    (tmp_path / "directives.json").write_text('{"directives": [{"id": ""}]}')
    done = osproxy(
        "--check-config", "--upstream", UPSTREAM,
        "--listen", "127.0.0.1:9901", "--admin-listen", "127.0.0.1:9901",
        "--capture-dir", str(tmp_path / "missing" / "spool"),
        "--directives-file", str(tmp_path / "directives.json"),
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert [line.split(":")[1].split()[0] for line in done.stderr.splitlines()] == [
        "--listen", "--capture-dir", "--directives-file",
    ]  # fmt: skip
    assert sorted(file.name for file in tmp_path.iterdir()) == ["directives.json"]


def test_a_check_finds_what_a_start_refuses(tmp_path):
    (tmp_path / "osproxy.toml").write_text('upstream = "http://127.0.0.1:9"\nworkers = "many"\n')
    done = osproxy("--check-config", "--config", str(tmp_path / "osproxy.toml"))
    assert done.returncode == 2
    assert "--workers" in done.stderr


def test_a_check_warns_of_what_a_start_would_log(tmp_path):
    token = tmp_path / "token"
    token.write_text("secret-of-the-admin-listener\n")
    token.chmod(0o644)
    done = osproxy(
        "--check-config", "--upstream", UPSTREAM, "--admin-listen", "0.0.0.0:9901",
        "--admin-token-file", str(token), "--directives-file", str(tmp_path / "none.json"),
    )  # fmt: skip
    assert done.returncode == 0
    lines = done.stderr.splitlines()
    assert len(lines) == 3
    assert all(line.startswith("osproxy: warning: ") for line in lines)
