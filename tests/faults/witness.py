"""The clients under test, and their reports so far.

Two programs, as users run them: `osproxyctl watch`, which prints a line for each change, and
`osproxy`, whose status is polled.
"""

import json
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from oracle import Observation

from parts import Ctl, Process, Proxy, eventually

_POLL_INTERVAL_S = 0.05
# No server listens there: no request goes through these proxies.
_NO_UPSTREAM = "http://127.0.0.1:9"


@dataclass(frozen=True)
class Footprint:
    """The resources of a process."""

    threads: int
    descriptors: int
    anonymous_kib: int

    @classmethod
    def of(cls, pid: int) -> "Footprint":
        status = dict(
            line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        )
        return cls(
            threads=int(status["Threads"]),
            descriptors=len(list(Path(f"/proc/{pid}/fd").iterdir())),
            anonymous_kib=int(status["RssAnon"].split()[0]),
        )


def _observation(store: dict, t: float, active, *, exact: bool) -> Observation:
    age_ms, rejected = store["verified_age_ms"], store["rejected"]
    return Observation(
        t=t,
        revision=store["revision"],
        state=store["state"],
        age_s=None if age_ms is None else age_ms / 1000,
        active=tuple(active),
        rejected=rejected and (rejected["revision"], rejected["slug"]),
        exact=exact,
    )


class Watch(Process):
    """`osproxyctl watch`; each line that it prints is an observation."""

    def __init__(self, run_dir, endpoints: str, key: str, clock=None, flags=()):
        super().__init__(run_dir, "watch")
        self._command = Ctl("--endpoints", endpoints, "--key", key, *flags).command(
            "watch", "--output", "json"
        )
        self._clock = clock

    def command(self) -> list[str]:
        return self._command

    def environment(self) -> dict[str, str]:
        return self._clock.environment if self._clock else {}

    def ready(self) -> bool:
        return bool(self.observations())

    def observations(self) -> list[Observation]:
        text = self.log()
        whole = text[: text.rfind("\n") + 1]
        lines = [json.loads(line) for line in whole.splitlines() if line.startswith("{")]
        return [_observation(line, self._time(line), line["active"], exact=True) for line in lines]

    def _time(self, line: dict) -> float:
        return self._clock.true_time(line["t"]) if self._clock else line["t"]


class Instance(Proxy):
    """`osproxy`, with a thread that polls its status."""

    def __init__(self, run_dir, endpoints: str, key: str, clock=None, flags=()):
        arguments = ["--etcd-endpoints", endpoints, *flags]
        super().__init__(run_dir, upstream=_NO_UPSTREAM, key=key, workers=1, arguments=arguments,
                         env=clock.environment if clock else None)  # fmt: skip
        self._observations: list[Observation] = []
        self._ended = threading.Event()
        self._poller = threading.Thread(target=self._poll, daemon=True)
        self._lost: list[str] = []

    def start(self):
        super().start()
        self._poller.start()
        return self

    def stop(self, timeout: float = 30) -> int | None:
        self._ended.set()
        if self._poller.ident:
            self._poller.join()
        return super().stop(timeout)

    def observations(self) -> list[Observation]:
        assert not self._lost, f"{self.name} does not report its status: {self._lost[0]}"
        return list(self._observations)

    def reason(self) -> str:
        return self.status()["store"]["reason"]

    def proofs(self) -> int:
        return int(self.metrics()["osproxy_etcd_proof_reads_total"])

    def lineage_resets(self) -> int:
        return int(self.metrics()["osproxy_etcd_lineage_resets_total"])

    def reconnects(self) -> int:
        return int(self.metrics()["osproxy_etcd_reconnects_total"])

    def _poll(self) -> None:
        while not self._ended.wait(_POLL_INTERVAL_S):
            try:
                before = time.time()  # the status is of this moment, or of a later one
                self._observations.append(self._observe(before))
            except OSError as error:
                self._lost.append(str(error))
                return

    def _observe(self, t: float) -> Observation:
        status = self.status()
        active = [d["id"] for d in status["directives"] if d["active"]]
        return _observation(status["store"], t, active, exact=False)
