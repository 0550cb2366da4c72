"""What must hold of everything that a client of the key has shown, whatever was done to etcd.

    history = History(); history.changed(revision, shown, began, ended) …
    complaints = judge(history, sights)

The history is the truth, as the test made it; the sights are what a client said, in their order.
Times are seconds of this machine's wall clock, which the test and the clients share.
"""

from dataclasses import dataclass, field

# Between the moment for which a client works out its verified age and the moment that it puts
# beside it: a busy machine may be away from it for a while.
AGE_SLACK_S = 0.5
# While a client says "synced": 5 s between two proofs, 3 s for a response, 1 s for the watch to
# catch up, and the design's promise of 10 s.
MAX_SYNCED_AGE_S = 10


@dataclass(frozen=True)
class Change:
    """A value of the key, and between which two moments it became the truth."""

    revision: int  # of the document that a client shows which knows it; 0: none
    shown: tuple[str, ...]  # the ids in it
    rejected: tuple[int, str] | None  # revision and slug of what was put, if it is malformed
    lineage: int
    began: float
    ended: float

    def __str__(self):
        return f"revision {self.revision} ({', '.join(self.shown) or 'nothing'})"


@dataclass(frozen=True)
class Sight:
    """What a client said at a moment."""

    t: float
    revision: int
    state: str
    age_s: float | None
    active: tuple[str, ...]
    rejected: tuple[int, str] | None
    # Set and status are of the same moment. Else the set may be newer by a moment.
    exact: bool = True

    def __str__(self):
        return (
            f"{self.state}, revision {self.revision}, verified {self.age_s} s ago, "
            f"active: {', '.join(self.active) or 'nothing'}, rejected: {self.rejected}"
        )


@dataclass
class History:
    changes: list[Change] = field(default_factory=list)

    def changed(self, revision: int, shown, began: float, ended: float, *,
                rejected: tuple[int, str] | None = None, new_lineage: bool = False) -> Change:  # fmt: skip
        lineage = (self.changes[-1].lineage if self.changes else 0) + new_lineage
        change = Change(revision, tuple(shown), rejected, lineage, began, ended)
        self.changes.append(change)
        return change

    @property
    def last(self) -> Change:
        return self.changes[-1]

    def candidates(self, sight: Sight, oldest: int) -> list[int]:
        """The changes, from `oldest` on, that a client may have held when it said this."""
        return [
            index
            for index, change in enumerate(self.changes)
            if index >= oldest
            and change.revision == sight.revision
            and change.began <= sight.t + AGE_SLACK_S
            and self._may_show(index, sight)
        ]

    def _may_show(self, index: int, sight: Sight) -> bool:
        changes = self.changes[index : index + 1] if sight.exact else self.changes[index:]
        return any(change.shown == sight.active for change in changes)


def is_truth(sight: Sight, change: Change) -> bool:
    """True if a client that says this knows the change, and stands by it."""
    return (sight.state, sight.revision, sight.active, sight.rejected) == (
        "synced", change.revision, change.shown, change.rejected,
    )  # fmt: skip


def judge(history: History, sights: list[Sight]) -> list[str]:
    """What is wrong with the sights; empty if nothing is."""
    complaints = []
    oldest = 0
    for sight in sights:
        held = history.candidates(sight, oldest)
        if not held:
            complaints.append(f"never the truth, or no longer: {sight}")
            continue
        oldest = held[0]
        complaints += _judge_age(history, sight, held[-1])
    if not sights or not is_truth(sights[-1], history.last):
        end = sights[-1] if sights else "nothing was shown"
        complaints.append(f"the truth in the end is {history.last}, but: {end}")
    return complaints


def _judge_age(history: History, sight: Sight, held: int) -> list[str]:
    if sight.age_s is None:
        return [] if sight.state == "connecting" else [f"no proof at all: {sight}"]
    if sight.state == "synced" and sight.age_s > MAX_SYNCED_AGE_S:
        return [f"synced without a proof for too long: {sight}"]
    if held + 1 == len(history.changes):
        return []
    successor = history.changes[held + 1]
    outdated_s = sight.t - successor.ended
    if sight.age_s >= outdated_s - AGE_SLACK_S:
        return []
    return [f"a proof that cannot be: outdated for {outdated_s:.1f} s by {successor}: {sight}"]
