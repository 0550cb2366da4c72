"""The table of values that the tests render, validate and start."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "packaging" / "helm" / "osproxy"
RULES = ROOT / "packaging" / "prometheus" / "osproxy.rules.yml"

NAMESPACE = "search"  # of the cluster that validates
UPSTREAM = {"upstreams": ["http://opensearch:9200"]}

# The least, and then each part of the chart with what belongs to it.
CASES = {
    "least": UPSTREAM,
    "one replica": {**UPSTREAM, "replicas": 1},
    "settings": {
        **UPSTREAM,
        "settings": {
            "max-body": 104857600,
            "trusted-proxies": ["10.0.0.0/8", "fd00::/8"],
            "capture-credentials": False,
            "tenant-index": "{tenant}-*",
            "capture-dir": "/var/lib/osproxy/capture",
        },
        "secretFiles": {"known-tokens-file": {"secret": "osproxy-principals", "key": "tokens"}},
    },
    "directives of a ConfigMap": {**UPSTREAM, "directives": {"configMap": "osproxy-directives"}},
    "etcd": {**UPSTREAM, "etcd": {"endpoints": ["etcd:2379"]}},
    "etcd with TLS and a user": {
        **UPSTREAM,
        "etcd": {
            "endpoints": ["https://etcd-0:2379", "https://etcd-1:2379"],
            "key": "search/directives",
            "user": "osproxy",
            "passwordSecret": {"name": "osproxy-etcd", "key": "password"},
            "tls": {"existingSecret": "osproxy-etcd-tls", "clientCertificate": True},
        },
    },
    "TLS everywhere": {
        "upstreams": ["https://opensearch:9200"],
        "tls": {"existingSecret": "osproxy-tls", "clientAuth": "required"},
        "upstreamTls": {"existingSecret": "osproxy-upstream", "clientCertificate": True},
        "admin": {
            "expose": True,
            "tokensSecret": {"name": "osproxy-admin", "key": "tokens"},
            "tls": {"existingSecret": "osproxy-admin-tls", "clientCa": True},
        },
    },
    "monitored": {
        **UPSTREAM,
        "admin": {"expose": True, "tokensSecret": {"name": "osproxy-admin", "key": "tokens"}},
        "metrics": {
            "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
            "prometheusRule": {"enabled": True},
        },
        "networkPolicy": {
            "clients": [{"podSelector": {"matchLabels": {"app": "shop"}}}],
            "adminClients": [
                {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
            ],
        },
    },
    "IPv6 only": {
        "upstreams": ["http://[fd00::9]:9200"],
        "address": "::",
        "service": {"ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv6"]},
        "admin": {"expose": True, "tokensSecret": {"name": "osproxy-admin", "key": "tokens"}},
    },
    "all of the pod's": {
        **UPSTREAM,
        "image": {"digest": "sha256:" + "0" * 64},
        "imagePullSecrets": [{"name": "registry"}],
        "podAnnotations": {"a.example/b": "c"},
        "podLabels": {"team": "search"},
        "priorityClassName": "",
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"key": "search", "operator": "Exists"}],
        "affinity": {
            "podAntiAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {"weight": 1, "podAffinityTerm": {
                        "topologyKey": "kubernetes.io/hostname",
                        "labelSelector": {"matchLabels": {"team": "search"}}}}
                ]
            }
        },
        "topologySpreadConstraints": [
            {"maxSkew": 2, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule",
             "labelSelector": {"matchLabels": {"team": "search"}}}
        ],
        "serviceAccount": {"create": False, "name": "search"},
        "networkPolicy": {"enabled": False},
        "service": {"type": "LoadBalancer", "annotations": {"balancer.example/scheme": "internal"}},
    },
}  # fmt: skip
