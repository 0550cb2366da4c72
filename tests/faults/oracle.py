"""Checks everything that a client of the key has reported, under any fault of etcd.

    history = History(); history.changed(revision, shown, began, ended) …
    complaints = judge(history, observations)

The history is the truth, as the test made it. The observations are a client's reports, in their
order. Times are seconds of this machine's wall clock, which the test and the clients share.
"""

from dataclasses import dataclass, field

# Between the moment for which a client computes its verified age and the moment that it reports
# with it: on a busy machine these may differ.
AGE_SLACK_S = 0.5
# While a client is "synced": 5 s between two proofs, 3 s for a response, 1 s for the watch to
# catch up, and the design's promise of 10 s.
MAX_SYNCED_AGE_S = 10


@dataclass(frozen=True)
class Change:
    """A value of the key, and the two moments between which it became the truth."""

    revision: int  # that a client reports which knows the change; 0: no document
    shown: tuple[str, ...]  # the ids in it
    rejected: tuple[int, str] | None  # revision and slug of a malformed value
    lineage: int
    began: float
    ended: float

    def __str__(self):
        return f"revision {self.revision} ({', '.join(self.shown) or 'nothing'})"


@dataclass(frozen=True)
class Observation:
    """A client's report at one moment."""

    t: float
    revision: int
    state: str
    age_s: float | None
    active: tuple[str, ...]
    rejected: tuple[int, str] | None
    # The set and the status are of one moment. Else the set may be newer.
    exact: bool = True

    def __str__(self):
        return (
            f"{self.state}, revision {self.revision}, verified {self.age_s} s ago, "
            f"active: {', '.join(self.active) or 'nothing'}, rejected: {self.rejected}"
        )


@dataclass
class History:
    changes: list[Change] = field(default_factory=list)

    def changed(
        self, revision: int, shown, began: float, ended: float, *,
        rejected: tuple[int, str] | None = None, new_lineage: bool = False,
    ) -> Change:  # fmt: skip
        lineage = (self.changes[-1].lineage if self.changes else 0) + new_lineage
        change = Change(revision, tuple(shown), rejected, lineage, began, ended)
        self.changes.append(change)
        return change

    @property
    def last(self) -> Change:
        return self.changes[-1]

    def candidates(self, observation: Observation, oldest: int) -> list[int]:
        """The changes, from `oldest` on, that a client may have held when it reported this."""
        return [
            index
            for index, change in enumerate(self.changes)
            if index >= oldest
            and change.revision == observation.revision
            and change.began <= observation.t + AGE_SLACK_S
            and self._may_show(index, observation)
        ]

    def _may_show(self, index: int, observation: Observation) -> bool:
        changes = self.changes[index : index + 1] if observation.exact else self.changes[index:]
        return any(change.shown == observation.active for change in changes)


def is_truth(observation: Observation, change: Change) -> bool:
    """True if a client that reports this holds the change, and is synced."""
    return (observation.state, observation.revision, observation.active, observation.rejected) == (
        "synced", change.revision, change.shown, change.rejected,
    )  # fmt: skip


def judge(history: History, observations: list[Observation]) -> list[str]:
    """The violations of the promises; empty if there are none."""
    complaints = []
    oldest = 0
    for observation in observations:
        held = history.candidates(observation, oldest)
        if not held:
            complaints.append(f"never the truth, or no longer: {observation}")
            continue
        oldest = held[0]
        complaints += _judge_age(history, observation, held[-1])
    if not observations or not is_truth(observations[-1], history.last):
        end = observations[-1] if observations else "nothing was reported"
        complaints.append(f"the truth in the end is {history.last}, but: {end}")
    return complaints


def _judge_age(history: History, observation: Observation, held: int) -> list[str]:
    if observation.age_s is None:
        return [] if observation.state == "connecting" else [f"no proof at all: {observation}"]
    if observation.state == "synced" and observation.age_s > MAX_SYNCED_AGE_S:
        return [f"synced without a proof for too long: {observation}"]
    if held + 1 == len(history.changes):
        return []
    successor = history.changes[held + 1]
    outdated_s = observation.t - successor.ended
    if observation.age_s >= outdated_s - AGE_SLACK_S:
        return []
    return [
        f"an impossible proof: outdated for {outdated_s:.1f} s by {successor}: {observation}"
    ]
