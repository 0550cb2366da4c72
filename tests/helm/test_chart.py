"""The Helm chart: what it makes of values, what it refuses, and what Kubernetes says to it."""

import copy
import json
import re
import runpy
import shutil

import pytest
import yaml
from cases import CASES, CHART, NAMESPACE, ROOT, RULES, UPSTREAM

from parts.kubernetes import HelmFailed, helm, template

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
# osproxy ends itself so long after both times of its drain (docs/service.md).
OWN_END_SECONDS = 15
DEFAULT_DRAIN_TIMEOUT = 30


def one(things: list[dict], kind: str) -> dict:
    (found,) = (thing for thing in things if thing["kind"] == kind)
    return found


def pod_of(things: list[dict]) -> dict:
    """The pod that the Deployment's controller would create."""
    template_of_pod = one(things, "Deployment")["spec"]["template"]
    metadata = {**template_of_pod["metadata"], "name": "osproxy-0"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata,
            "spec": template_of_pod["spec"]}  # fmt: skip


def container_of(things: list[dict]) -> dict:
    (container,) = one(things, "Deployment")["spec"]["template"]["spec"]["containers"]
    return container


@pytest.mark.parametrize("case", CASES)
def test_helm_lints_it(case):
    assert "0 chart(s) failed" in helm("lint", "--strict", CHART, values=CASES[case])


@pytest.mark.parametrize("case", CASES)
def test_the_api_server_takes_each_object(case, cluster):
    for thing in template(CHART, CASES[case], namespace=NAMESPACE):
        reply = cluster.dry_run(NAMESPACE, thing)
        assert reply.status == 201, (thing["kind"], reply.body)
        assert "Warning" not in reply.headers, (thing["kind"], reply.headers["Warning"])


@pytest.mark.parametrize("case", CASES)
def test_its_pods_obey_the_restricted_standard(case, cluster):
    reply = cluster.dry_run(NAMESPACE, pod_of(template(CHART, CASES[case])))
    assert reply.status == 201, reply.body


# Each makes a pod that breaks one rule, so that the test above can fail.
WORSE = {
    "as root": lambda spec: spec["securityContext"].pop("runAsNonRoot"),
    "without seccomp": lambda spec: spec["securityContext"].pop("seccompProfile"),
    "with capabilities": lambda spec: spec["containers"][0]["securityContext"].pop("capabilities"),
    "with the host's network": lambda spec: spec.update(hostNetwork=True),
    "with new privileges": lambda spec: spec["containers"][0]["securityContext"].pop(
        "allowPrivilegeEscalation"
    ),
}


@pytest.mark.parametrize("how", WORSE)
def test_the_api_server_refuses_a_worse_pod(how, cluster):
    pod = copy.deepcopy(pod_of(template(CHART, UPSTREAM)))
    WORSE[how](pod["spec"])
    reply = cluster.dry_run(NAMESPACE, pod)
    assert reply.status == 403 and b"violates PodSecurity" in reply.body, reply.body


def test_the_api_server_refuses_a_field_that_does_not_exist(cluster):
    deployment = one(template(CHART, UPSTREAM), "Deployment")
    deployment["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    reply = cluster.dry_run(NAMESPACE, deployment)
    assert reply.status == 400 and b"readynessProbe" in reply.body, reply.body


# Values with a mistake, and the words of the line that says so.
MISTAKES = {
    "nothing given": ({}, "upstreams: name at least one OpenSearch node"),
    "a typo": ({**UPSTREAM, "replica": 3}, "replica"),
    "a typo inside": ({**UPSTREAM, "etcd": {"endpoint": ["etcd:2379"]}}, "endpoint"),
    "a typo in a setting": ({**UPSTREAM, "settings": {"max-bodies": 1}}, "max-bodies"),
    "a setting that has a value": ({**UPSTREAM, "settings": {"listen": ":1"}}, "listen"),
    "a text for a number": ({**UPSTREAM, "replicas": "two"}, "replicas"),
    "no replicas": ({**UPSTREAM, "replicas": 0}, "replicas"),
    "an upstream that is no URL": ({"upstreams": ["opensearch:9200"]}, "upstreams"),
    "two sources of directives": (
        {**UPSTREAM, "etcd": {"endpoints": ["e:2379"]}, "directives": {"configMap": "d"}},
        "set only one",
    ),
    "exposed without tokens": ({**UPSTREAM, "admin": {"expose": True}}, "admin.tokensSecret.name"),
    "TLS on loopback": ({**UPSTREAM, "admin": {"tls": {"existingSecret": "t"}}}, "set admin.expose"),
    "a monitor that reaches nothing": (
        {**UPSTREAM, "metrics": {"serviceMonitor": {"enabled": True}}},
        "set admin.expose",
    ),
    "a user without a password": (
        {**UPSTREAM, "etcd": {"endpoints": ["e:2379"], "user": "osproxy"}},
        "etcd.passwordSecret.name",
    ),
    "client certificates without TLS": (
        {**UPSTREAM, "tls": {"clientAuth": "required"}},
        "tls.existingSecret",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named(mistake):
    values, words = MISTAKES[mistake]
    with pytest.raises(HelmFailed, match=re.escape(words)):
        template(CHART, values)


def test_every_value_is_in_the_schema():
    def differences(values: dict, schema: dict, place: str = ""):
        if "properties" not in schema:
            return
        for name in values.keys() | schema["properties"].keys():
            if name == "global":  # Helm's own, for charts of charts
                continue
            if name not in values or name not in schema["properties"]:
                yield f"{place}{name}"
            elif isinstance(values[name], dict):
                yield from differences(values[name], schema["properties"][name], f"{place}{name}.")

    values = yaml.safe_load((CHART / "values.yaml").read_text())
    assert sorted(differences(values, SCHEMA)) == ["resources.claims"]


def test_the_schema_knows_the_settings_of_osproxy():
    script = runpy.run_path(str(ROOT / "scripts" / "chart_schema"))
    properties, remedy = SCHEMA["properties"], "scripts/chart_schema writes it again"
    assert properties["settings"]["propertyNames"]["enum"] == script["names_of_settings"](), remedy
    assert properties["secretFiles"]["propertyNames"]["enum"] == script["names_of_files"](), remedy


def test_the_version_is_that_of_osproxy():
    project = (ROOT / "CMakeLists.txt").read_text()
    (version,) = re.findall(r"project\(osproxy VERSION ([\d.]+)", project)
    assert yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"] == version


def test_the_rules_are_those_of_the_repository(tmp_path):
    rule = one(template(CHART, CASES["monitored"]), "PrometheusRule")
    assert rule["spec"] == yaml.safe_load(RULES.read_text())
    # In the chart they are a link. The package has the file.
    helm("package", CHART, "--destination", tmp_path)
    (package,) = tmp_path.glob("osproxy-*.tgz")
    shutil.unpack_archive(package, tmp_path)
    packed = tmp_path / "osproxy" / "files" / "osproxy.rules.yml"
    assert not packed.is_symlink() and packed.read_text() == RULES.read_text()


@pytest.mark.parametrize("drain", [{}, {"delaySeconds": 0, "timeoutSeconds": 0},
                                   {"delaySeconds": 60, "timeoutSeconds": 600}])  # fmt: skip
def test_a_pod_has_the_time_to_drain(drain):
    things = template(CHART, {**UPSTREAM, "drain": drain})
    times = {
        name: int(seconds)
        for name, seconds in re.findall(r"--drain-(\w+)=(\d+)s", " ".join(container_of(things)["args"]))
    }
    assert {"delay", "timeout"} == times.keys()
    grace = one(things, "Deployment")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace > times["delay"] + times["timeout"] + OWN_END_SECONDS


def test_endpoints_leave_before_the_port_closes():
    things = template(CHART, UPSTREAM)
    probe = container_of(things)["readinessProbe"]
    assert probe["exec"]["command"] == ["/usr/bin/osproxyctl", "health"]
    live = container_of(things)["livenessProbe"]["exec"]["command"]
    assert live == [*probe["exec"]["command"], "--live"]  # a pod that drains is not killed
    args = " ".join(container_of(things)["args"])
    delay = int(re.search(r"--drain-delay=(\d+)s", args)[1])
    assert delay >= probe["periodSeconds"]


def test_the_admin_listener_is_the_pods_own_by_default():
    things = template(CHART, UPSTREAM)
    assert "--admin-listen=127.0.0.1:9901" in container_of(things)["args"]
    assert [port["name"] for port in container_of(things)["ports"]] == ["http"]
    assert len([thing for thing in things if thing["kind"] == "Service"]) == 1


def test_every_selector_finds_the_pods():
    things = template(CHART, CASES["monitored"])
    labels = one(things, "Deployment")["spec"]["template"]["metadata"]["labels"]
    services = [thing for thing in things if thing["kind"] == "Service"]
    selectors = [service["spec"]["selector"] for service in services]
    selectors += [one(things, kind)["spec"]["selector"]["matchLabels"]
                  for kind in ("Deployment", "PodDisruptionBudget")]  # fmt: skip
    selectors.append(one(things, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"])
    assert len(selectors) == 5
    for selector in selectors:
        assert selector.items() <= labels.items()
    monitor = one(things, "ServiceMonitor")["spec"]
    (admin,) = (service for service in services if service["metadata"]["name"].endswith("-admin"))
    assert monitor["selector"]["matchLabels"].items() <= admin["metadata"]["labels"].items()
    assert admin["metadata"]["labels"][monitor["jobLabel"]] == "osproxy"  # as the rules expect


def test_each_mounted_file_has_a_volume():
    for values in CASES.values():
        things = template(CHART, values)
        mounts = {mount["mountPath"]: mount["name"] for mount in container_of(things)["volumeMounts"]}
        volumes = {v["name"] for v in one(things, "Deployment")["spec"]["template"]["spec"]["volumes"]}
        assert set(mounts.values()) == volumes
        for argument in container_of(things)["args"]:
            if "=/" in argument:
                path = argument.split("=", 1)[1]
                assert any(path.startswith(f"{mount}/") for mount in mounts), argument
        assert not any("subPath" in mount for mount in container_of(things)["volumeMounts"])


@pytest.mark.parametrize("case", CASES)
def test_the_notes_name_three_commands(case):
    text = helm("install", "osproxy", CHART, "--dry-run=client", "--namespace", "search",
                values=CASES[case]).split("NOTES:")[1]  # fmt: skip
    assert re.findall(r"^(\d)\. ", text, re.M) == ["1", "2", "3"]
    assert "rollout status" in text and "search" in text
