"""The compose file: read by the code of `docker compose`, and its parts by the programs that they are
for. What osproxy is given there starts, with the addresses of this machine."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from echo_upstream import EchoUpstream

from parts import Etcd, Proxy
from parts.container import run
from parts.process import parts_dir
from parts.proxy import program

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "packaging" / "compose" / "compose.yaml"
# The longest time that osproxy takes to end by itself, after both times of its drain.
OWN_END_SECONDS = 15


def read(file: Path) -> subprocess.CompletedProcess:
    return run(parts_dir() / "compose" / "compose_config", file, check=False)


@pytest.fixture(scope="module")
def project() -> dict:
    done = read(COMPOSE)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def osproxies(project: dict) -> dict[str, dict]:
    return {name: service for name, service in project["services"].items() if "osproxy" in name}


def settings_of(service: dict) -> dict[str, str]:
    return {name: value for name, value in service["environment"].items()
            if name.startswith("OSPROXY_")}  # fmt: skip


def test_compose_takes_it(project):
    assert sorted(project["services"]) == [
        "etcd", "grafana", "jaeger", "opensearch", "osproxy-1", "osproxy-2", "otel-collector",
        "prometheus",
    ]  # fmt: skip


def test_compose_finds_a_planted_fault(tmp_path):
    wrong = tmp_path / "compose.yaml"
    wrong.write_text(COMPOSE.read_text().replace("cap_drop:", "cap_dropped:"))
    done = read(wrong)
    assert done.returncode != 0 and "cap_dropped" in done.stderr


def test_every_mounted_file_exists(project):
    sources = [
        Path(volume["source"]) for service in project["services"].values()
        for volume in service.get("volumes", []) if volume["type"] == "bind"
    ]  # fmt: skip
    assert len(sources) >= 7
    for source in sources:
        assert source.is_file(), source
    build = project["services"]["osproxy-1"]["build"]
    assert (Path(build["context"]) / build["dockerfile"]).is_file()


def test_ports_are_on_loopback_and_differ(project):
    ports = [port for service in project["services"].values() for port in service.get("ports", [])]
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}
    published = [port["published"] for port in ports]
    assert len(set(published)) == len(published) >= 6


def test_each_osproxy_starts_with_what_it_is_given(project, tmp_path):
    token = project["services"]["osproxy-1"]["environment"]["OSPROXYCTL_TOKEN"]
    with EchoUpstream() as node, Etcd(tmp_path) as etcd:
        here = {
            "http://opensearch:9200": node.url,
            "etcd:2379": etcd.endpoint,
            "http://otel-collector:4318": "http://127.0.0.1:4318",
        }
        for name, service in osproxies(project).items():
            files = {v["target"]: v["source"] for v in service["volumes"]}
            env = {key: here.get(value, files.get(value, value))
                   for key, value in settings_of(service).items()}  # fmt: skip
            for target in ("OSPROXY_UPSTREAM", "OSPROXY_ADMIN_LISTEN"):
                assert env.pop(target)  # Proxy gives these as flags
            proxy = Proxy(tmp_path, name, upstream=node.url, env=env, admin_token=token,
                          arguments=[*service["command"], "--drain-delay", "0s"])  # fmt: skip
            with proxy:
                assert proxy.request("GET", "/orders/_search").status == 200
                assert proxy.status()["instance"] == name
                assert proxy.status()["store"]["kind"] == "etcd"


def test_osproxy_has_the_time_to_drain(project):
    for service in osproxies(project).values():
        (delay,) = re.findall(r"^(\d+)s$", settings_of(service)["OSPROXY_DRAIN_DELAY"])
        help_text = subprocess.run([program("osproxy"), "help", "drain-timeout"], text=True,
                                   capture_output=True, check=True).stdout  # fmt: skip
        (timeout,) = re.findall(r"\b(\d+)s\b", help_text)
        (grace,) = re.findall(r"^(?:1m)?(\d+)s$", service["stop_grace_period"])
        minutes = 60 if service["stop_grace_period"].startswith("1m") else 0
        assert minutes + int(grace) > int(delay) + int(timeout) + OWN_END_SECONDS


def test_prometheus_takes_its_configuration(project, tmp_path):
    files = {v["target"]: v["source"] for v in project["services"]["prometheus"]["volumes"]}
    for target, source in files.items():  # as they lie in the container
        (tmp_path / Path(target).name).write_text(Path(source).read_text())
    done = run("promtool", "check", "config", tmp_path / "prometheus.yml", check=False)
    assert done.returncode == 0 and "1 rule files found" in done.stdout, done.stdout + done.stderr
    targets = re.findall(r"(osproxy-\d):9901", (tmp_path / "prometheus.yml").read_text())
    assert targets == sorted(osproxies(project))


def test_the_collector_takes_its_configuration(project, tmp_path):
    (mount,) = project["services"]["otel-collector"]["volumes"]
    collector = parts_dir() / "otelcol" / "otelcol"
    done = run(collector, "validate", "--config", f"file:{mount['source']}", check=False)
    assert done.returncode == 0, done.stderr
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(Path(mount["source"]).read_text().replace("exporters: [otlp_http]", "exporters: [x]"))
    assert run(collector, "validate", "--config", f"file:{wrong}", check=False).returncode != 0


def test_grafana_finds_the_dashboard(project):
    grafana = project["services"]["grafana"]
    files = {v["target"]: Path(v["source"]) for v in grafana["volumes"]}
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert json.loads(files[home].read_text())["title"] == "osproxy"
    provider = files["/etc/grafana/provisioning/dashboards/osproxy.yaml"].read_text()
    assert os.path.dirname(home) in provider
    source = files["/etc/grafana/provisioning/datasources/osproxy.yaml"].read_text()
    assert "http://prometheus:9090" in source and "prometheus" in project["services"]
