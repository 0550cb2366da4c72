"""The real servers around osproxy (the parts). They start on free ports and are stopped by pid.

    with Etcd(run_dir) as etcd, OpenSearch(run_dir) as opensearch:
        with Proxy(run_dir, "proxy-a", upstream=opensearch.url, etcd=etcd) as proxy:
            ...

scripts/demo, tests/integration and tests/faults use this package. Nothing here asserts. A part that
does not start raises PartFailed with the end of its log.
"""

from .client import Reply, eventually, request
from .ctl import Ctl, CtlResult
from .etcd import CURRENT_ETCD, DEBIAN_ETCD, Etcd, EtcdRelease, EtcdTls
from .opensearch import BorrowedOpenSearch, CurrentOpenSearch, OpenSearch, SecureOpenSearch
from .otelcol import OtelCollector, attributes
from .pki import Authority, Pair
from .process import PartFailed, Process
from .prometheus import Prometheus, promtool_check
from .protected import CHEAP_PASSWORDS, Protected, short_tokens
from .proxy import Proxy, program

__all__ = [
    "CHEAP_PASSWORDS",
    "CURRENT_ETCD",
    "DEBIAN_ETCD",
    "Authority",
    "BorrowedOpenSearch",
    "Ctl",
    "CtlResult",
    "CurrentOpenSearch",
    "Etcd",
    "EtcdRelease",
    "EtcdTls",
    "OpenSearch",
    "OtelCollector",
    "Pair",
    "PartFailed",
    "Process",
    "Prometheus",
    "Protected",
    "Proxy",
    "SecureOpenSearch",
    "Reply",
    "attributes",
    "eventually",
    "program",
    "promtool_check",
    "request",
    "short_tokens",
]
