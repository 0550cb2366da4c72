"""osproxy at each level and with each output, for all requests."""

import contextlib
import re
import subprocess
import sys
from pathlib import Path

from servers import Osproxy, Server

from parts.process import Process

#: A typical search, 208 bytes of JSON, so that a level that reads bodies has one to read.
SEARCH = (
    '{"size":10,"query":{"bool":{"must":[{"match":{"title":"green tea"}}],'
    '"filter":[{"term":{"tenant":"acme"}},{"range":{"price":{"gte":10,"lt":200}}}]}},'
    '"sort":[{"created_at":"desc"}],"_source":["title","price"]}'
)


#: Programs that stand for other machines run at low priority, to leave the CPU to the proxy.
_ELSEWHERE = ("nice", "-n", "19")


class OtlpSink(Server):
    """Accepts spans. Its CPU time does not count as osproxy's."""

    def command(self):
        return [*_ELSEWHERE, sys.executable, str(Path(__file__).with_name("otlp_sink.py")), str(self.port)]


class TailReader(Process):
    """Reads the live tail as fast as it comes."""

    def __init__(self, run_dir, name, admin_port):
        super().__init__(Path(run_dir), name)
        self._url = f"http://127.0.0.1:{admin_port}"

    def command(self):
        return [*_ELSEWHERE, "curl", "-sN", "-o", "/dev/null", f"{self._url}/admin/tail"]

    def ready(self) -> bool:
        metrics = subprocess.run(["curl", "-sf", f"{self._url}/metrics"], check=False,
                                 capture_output=True, text=True).stdout  # fmt: skip
        return "osproxy_tail_readers 1" in metrics


class Recording(Osproxy):
    """Records each request at `level`. The budgets are off."""

    level = "Shape"
    ring = False
    capture = False
    budget: tuple[str, ...] = ("--directive-budget", "0", "--instance-budget", "0")

    def directives(self):
        return [{"id": "all", "level": self.level, "ttl_secs": 80000, "ring_buffer": self.ring,
                 "capture": self.capture}]  # fmt: skip

    def command(self):
        return [*super().command(), *self.budget]


def kept_by_output(proxy: Recording) -> dict[str, float]:
    """The fraction of its records that each output kept since the start."""
    url = f"http://127.0.0.1:{proxy.admin_port}/metrics"
    page = subprocess.run(["curl", "-sf", url], check=True, capture_output=True, text=True).stdout

    def totals(what: str) -> dict[str, int]:
        name = rf"osproxy_output_records{what}_total"
        found = re.findall(rf'^{name}{{output="(\w+)"}} (\S+)$', page, re.M)
        return {output: float(number) for output, number in found}

    dropped = totals("_dropped")
    return {output: kept / (kept + dropped[output])
            for output, kept in totals("").items() if kept + dropped[output] > 0}  # fmt: skip


class Shape(Recording):
    pass


class ShapeTiming(Recording):
    level = "ShapeTiming"


class ShapeRewriteDiff(Recording):
    level = "ShapeRewriteDiff"


class Exporting(Recording):
    """Exports spans as well."""

    def __init__(self, run_dir, name, upstream_port=None):
        super().__init__(run_dir, name, upstream_port)
        self._others = contextlib.ExitStack()
        self._sink = OtlpSink(run_dir, f"{name}-sink")

    def start(self):
        self._others.enter_context(self._sink)
        return super().start()

    def stop(self, *arguments, **options):
        try:
            return super().stop(*arguments, **options)
        finally:
            self._others.close()

    def command(self):
        return [*super().command(), "--otlp-endpoint", f"http://127.0.0.1:{self._sink.port}"]


class Everything(Exporting):
    """The highest level, to every output: explain store, ring, tail, log and spans."""

    level = "ShapeRewriteDiff"
    ring = True

    def start(self):
        started = super().start()
        self._others.enter_context(TailReader(self.dir, "tail", self.admin_port))
        return started

    def command(self):
        # Not a file on a disk, because the speed of the disk is not measured here.
        return [*super().command(), "--record-log", "/dev/null"]


class AsShipped(Everything):
    """The same with the default budgets, which thin the directive out."""

    budget = ()


class Capturing(Recording):
    """Captures both bodies to files."""

    capture = True

    def command(self):
        return [*super().command(), "--capture-dir", str(self.dir / "spool"),
                "--capture-file-bytes", str(1 << 20)]  # fmt: skip


LEVELS = {"shape": Shape, "timing": ShapeTiming, "rewrite": ShapeRewriteDiff, "otlp": Exporting,
          "capture": Capturing, "everything": Everything, "as shipped": AsShipped}  # fmt: skip
