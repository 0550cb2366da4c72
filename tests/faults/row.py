"""One row of the fault matrix: a key, its history, two clients that follow it, and a verdict."""

import json
import time
import uuid
from datetime import UTC, datetime, timedelta

from oracle import Change, History, Sight, is_truth, judge
from witness import Instance, Watch

from parts import Etcd, eventually

# No promise, only the end of our patience: a client that has failed for long waits up to 15 s
# before it tries again, and the machine may be busy with other things.
PATIENCE_S = 60


def document(one: str, life: timedelta = timedelta(hours=1)) -> str:
    """One directive; by default it outlives any test."""
    end = (datetime.now(UTC) + life).strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps({"directives": [{"id": one, "level": "Shape", "expires_at": end}]})


class Row:
    """Use: follow() an etcd, do something to it, put() a change, measure, tell()."""

    def __init__(self, title: str, run_dir):
        self.title = title
        self.dir = run_dir
        self.key = f"test/{uuid.uuid4().hex}/directives"
        self.history = History()
        self.etcd: Etcd | None = None  # where the changes are written
        self.clients: list[Watch | Instance] = []
        self.told: str | None = None
        self._count = 0

    # The clients.

    def follow(self, etcd: Etcd, endpoints: str | None = None, *, clock=None, flags=()) -> None:
        """Puts a first document, and starts both clients on `endpoints`, or on etcd's own, with a
        wall clock of their own if there is one, and with the flags that etcd's access needs."""
        self.etcd = etcd
        self.put()
        where = endpoints or etcd.endpoint
        self.clients = [
            Watch(self.dir, where, self.key, clock, flags),
            Instance(self.dir, where, self.key, clock, flags),
        ]
        for client in self.clients:
            client.start()
        self.seen()

    @property
    def instance(self) -> Instance:
        return self.clients[1]

    # Changes of the key.

    def put(self, put=None, *, new_lineage: bool = False, **how) -> Change:
        """A new document, with one directive of a name that was not there before."""
        put = put or self.etcd.put
        self._count += 1
        one = f"d{self._count}"
        value = document(one, **how)
        return self._change(lambda: put(self.key, value), [one], new_lineage=new_lineage)

    def put_malformed(self, value: str, slug: str, put=None) -> Change:
        """A value that clients must refuse: they go on showing what they show."""
        put = put or self.etcd.put
        good = self.history.last
        began = time.time()
        revision = put(self.key, value)
        return self.history.changed(
            good.revision, good.shown, began, time.time(), rejected=(revision, slug)
        )

    def delete(self) -> Change:
        def delete() -> int:
            self.etcd.delete(self.key)
            return 0

        return self._change(delete, [])

    def perhaps_delete(self, action) -> bool:
        """`action` may have deleted the key or not: asks etcd, and returns which."""
        began = time.time()
        action()
        deleted = "kvs" not in self.etcd.etcdctl("get", self.key)
        if deleted:
            self.history.changed(0, [], began, time.time())
        return deleted

    def becomes(self, change: Change, action) -> Change:
        """`action` gives the cluster another history, in which `change` is the truth."""

        def act() -> int:
            action()
            return change.revision

        return self._change(act, change.shown, new_lineage=True)

    def expired(self) -> None:
        """From now on nothing is shown, though nothing was written."""
        now = time.time()
        # It ended at some moment since it was put.
        self.history.changed(self.history.last.revision, [], self.history.last.ended, now)

    def _change(self, action, shown, **how) -> Change:
        began = time.time()
        revision = action()
        return self.history.changed(revision, shown, began, time.time(), **how)

    # What the clients show.

    def seen(self, since: float | None = None) -> float:
        """Waits until each client shows the truth and says that it is. Returns the seconds from
        `since`, or from the last change, until the slower one did."""
        change = self.history.last
        times = [
            self._first(client, lambda sight: is_truth(sight, change), change.began, str(change))
            for client in self.clients
        ]
        # Below zero if it was here before etcdctl, which put it, had ended.
        return max(0.0, max(times) - (change.ended if since is None else since))

    def noticed(self, since: float) -> float:
        """Waits until the watch says that it is not in step any more; seconds from `since`.

        Of the other client we only see samples: it may be in step again before the next one.
        """
        return self._first(self.clients[0], lambda sight: sight.state != "synced", since,
                           "something is wrong") - since  # fmt: skip

    def says(self, text: str) -> None:
        """Waits until the instance gives that as the reason for its state."""
        eventually(lambda: text in self.instance.reason(), PATIENCE_S, text)

    def last_believed(self) -> float:
        """When a client last said that it is in step."""
        return max(
            sight.t for client in self.clients for sight in client.sights()
            if sight.state == "synced"
        )  # fmt: skip

    def _first(self, client, wanted, begin: float, what: str) -> float:
        """When a client first says what is wanted, from `begin` on."""

        def sight() -> Sight | None:
            assert client.alive(), f"{client.name} has ended:\n{client.log_tail()}"
            return next((s for s in client.sights() if s.t >= begin and wanted(s)), None)

        return eventually(sight, PATIENCE_S, f"{client.name} says: {what}").t

    # The end.

    def tell(self, what: str) -> None:
        """What was seen, in a few words: the row's line in the table."""
        self.told = what

    def stop_clients(self) -> float:
        """Ends the clients and requires a clean exit; returns how long the slower one took."""
        slowest = 0.0
        for client in self.clients:
            began = time.monotonic()
            status = client.stop()
            slowest = max(slowest, time.monotonic() - began)
            assert status == 0, f"{client.name} ended with {status}:\n{client.log_tail()}"
        return slowest

    def finish(self) -> None:
        """Once the test is through: the end is the truth, and nothing was wrong on the way."""
        assert self.told, "the row has told nothing"
        self.stop_clients()
        for client in self.clients:
            complaints = judge(self.history, client.sights())
            assert not complaints, f"{client.name}:\n" + "\n".join(complaints[:10])
