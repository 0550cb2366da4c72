"""The API server of Kubernetes on our etcd, and Helm. scripts/fetch_parts kubernetes builds both.

No controller runs, and no kubelet: the server validates and admits objects, which is what tests of a
chart need. Calls may be dry runs; those with strict validation refuse fields that do not exist.
"""

import json
import subprocess
import urllib.parse
from pathlib import Path

import yaml

from .client import Reply, eventually, request
from .etcd import Etcd
from .process import PartFailed, Process, free_port, parts_dir

_TOKEN = "test-admin"  # of the group system:masters
# Where the objects of a kind live: the path before the namespace, and the plural.
_PLACES = {
    ("apps/v1", "Deployment"): ("apis/apps/v1", "deployments"),
    ("v1", "ConfigMap"): ("api/v1", "configmaps"),
    ("v1", "Pod"): ("api/v1", "pods"),
    ("v1", "Secret"): ("api/v1", "secrets"),
    ("v1", "Service"): ("api/v1", "services"),
    ("v1", "ServiceAccount"): ("api/v1", "serviceaccounts"),
    ("policy/v1", "PodDisruptionBudget"): ("apis/policy/v1", "poddisruptionbudgets"),
    ("networking.k8s.io/v1", "NetworkPolicy"): ("apis/networking.k8s.io/v1", "networkpolicies"),
    ("monitoring.coreos.com/v1", "ServiceMonitor"): (
        "apis/monitoring.coreos.com/v1", "servicemonitors"),
    ("monitoring.coreos.com/v1", "PrometheusRule"): (
        "apis/monitoring.coreos.com/v1", "prometheusrules"),
}  # fmt: skip


class KubeApiserver(Process):
    """The API server. Its only user is an administrator."""

    start_timeout = 180

    def __init__(self, run_dir, etcd: Etcd, name="kube-apiserver"):
        super().__init__(run_dir, name)
        self.etcd = etcd
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self.certificates = self.dir / "certificates"

    def command(self) -> list[str]:
        key = self.dir / "service-account.key"
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
        tokens = self.dir / "tokens.csv"
        tokens.write_text(f'{_TOKEN},admin,admin,"system:masters"\n')
        return [
            str(parts_dir() / "kube-apiserver" / "kube-apiserver"),
            f"--etcd-servers={self.etcd.url}",
            "--bind-address=127.0.0.1", f"--secure-port={self.port}",
            f"--cert-dir={self.certificates}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={key}", f"--service-account-signing-key-file={key}",
            "--service-cluster-ip-range=10.96.0.0/16,fd00:96::/112",
            f"--token-auth-file={tokens}", "--authorization-mode=RBAC",
            # No controller makes the accounts that it asks for.
            "--disable-admission-plugins=ServiceAccount",
        ]  # fmt: skip

    def ready(self) -> bool:
        if not (self.certificates / "apiserver.crt").exists():
            return False
        return self.call("GET", "/readyz").status == 200

    def call(self, method: str, path: str, *, text: str | None = None, **query) -> Reply:
        """One call, with YAML or JSON as its body."""
        query = f"?{urllib.parse.urlencode(query)}" if query else ""
        headers = {"Authorization": f"Bearer {_TOKEN}", "Accept": "application/json"}
        if text is not None:
            headers["Content-Type"] = "application/yaml"
        return request(method, f"{self.url}{path}{query}", headers=headers, body=text,
                       ca_file=self.certificates / "apiserver.crt")  # fmt: skip

    def create(self, path: str, text: str) -> None:
        """Creates an object, which must succeed."""
        reply = self.call("POST", path, text=text)
        if reply.status not in (200, 201):
            raise PartFailed(f"POST {path}: {reply.status} {reply.body[:1000]!r}")

    def create_namespace(self, name: str, **labels: str) -> None:
        labels = {f"pod-security.kubernetes.io/{key}": value for key, value in labels.items()}
        self.create("/api/v1/namespaces", json.dumps(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
        ))  # fmt: skip

    def create_definitions(self) -> None:
        """Creates the kinds of the Prometheus operator that the chart uses."""
        for file in sorted((parts_dir() / "prometheus-crds").glob("*.yaml")):
            self.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", file.read_text())
        for group_version, plural in _PLACES.values():
            if "coreos" in group_version:  # the server needs a moment to serve new kinds
                path = f"/{group_version}/namespaces/default/{plural}"
                eventually(lambda path=path: self.call("GET", path).status == 200, 60, path)

    def dry_run(self, namespace: str, thing: dict) -> Reply:
        """Asks whether an object could be created, with strict validation."""
        where, plural = _PLACES[thing["apiVersion"], thing["kind"]]
        return self.call("POST", f"/{where}/namespaces/{namespace}/{plural}", text=json.dumps(thing),
                         dryRun="All", fieldValidation="Strict")  # fmt: skip


class HelmFailed(Exception):
    """Helm refuses. The text is what it printed."""


def helm(*arguments: str, values: dict | None = None) -> str:
    """Runs helm; `values` are those of `--values`. Returns what it prints."""
    command = [str(parts_dir() / "helm" / "helm"), *map(str, arguments)]
    if values is not None:
        command += ["--values", "-"]
    done = subprocess.run(command, input=json.dumps(values or {}), capture_output=True, text=True,
                          timeout=120, check=False)  # fmt: skip
    if done.returncode != 0:
        raise HelmFailed(done.stdout + done.stderr)
    return done.stdout


def template(chart: Path, values: dict, *arguments: str, release="osproxy", namespace="search",
             ) -> list[dict]:  # fmt: skip
    """The objects that the chart makes of these values."""
    text = helm("template", release, chart, "--namespace", namespace, *arguments, values=values)
    return [thing for thing in yaml.safe_load_all(text) if thing]
