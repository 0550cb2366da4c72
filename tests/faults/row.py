"""One row of the fault matrix: a key, its history, two clients that follow it, and a verdict."""

import json
import time
import uuid
from datetime import UTC, datetime, timedelta

from oracle import Change, History, Observation, is_truth, judge
from witness import Instance, Watch

from parts import Etcd, eventually

# Not a promise, only a limit of the test: a client that has failed for long waits up to 15 s before
# it retries, and the machine may be busy.
PATIENCE_S = 60


def document(one: str, life: timedelta = timedelta(hours=1)) -> str:
    """A document with one directive, which by default outlives any test."""
    end = (datetime.now(UTC) + life).strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps({"directives": [{"id": one, "level": "Shape", "expires_at": end}]})


class Row:
    """Use: follow() an etcd, cause a fault, put() a change, measure, report()."""

    def __init__(self, title: str, run_dir):
        self.title = title
        self.dir = run_dir
        self.key = f"test/{uuid.uuid4().hex}/directives"
        self.history = History()
        self.etcd: Etcd | None = None  # where the changes are written
        self.clients: list[Watch | Instance] = []
        self.summary: str | None = None
        self._count = 0

    # The clients.

    def follow(self, etcd: Etcd, endpoints: str | None = None, *, clock=None, flags=()) -> None:
        """Puts a first document, and starts both clients on `endpoints`, or on etcd's own: with
        `clock` as their wall clock if it is given, and with the flags for access to etcd."""
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
        """Puts a new document, with one directive of a new name."""
        put = put or self.etcd.put
        self._count += 1
        one = f"d{self._count}"
        value = document(one, **how)
        return self._change(lambda: put(self.key, value), [one], new_lineage=new_lineage)

    def put_malformed(self, value: str, slug: str, put=None) -> Change:
        """Puts a value that clients must reject: their set stays."""
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

    def try_to_delete(self, action) -> bool:
        """Runs `action`, which may fail to delete the key; returns whether it did."""
        began = time.time()
        action()
        deleted = "kvs" not in self.etcd.etcdctl("get", self.key)
        if deleted:
            self.history.changed(0, [], began, time.time())
        return deleted

    def becomes(self, change: Change, action) -> Change:
        """Runs `action`, which gives the cluster another history, with `change` as the truth."""

        def act() -> int:
            action()
            return change.revision

        return self._change(act, change.shown, new_lineage=True)

    def expired(self) -> None:
        """From now on no directive is in force, though nothing was written."""
        now = time.time()
        # It ended at some moment since it was put.
        self.history.changed(self.history.last.revision, [], self.history.last.ended, now)

    def _change(self, action, shown, **how) -> Change:
        began = time.time()
        revision = action()
        return self.history.changed(revision, shown, began, time.time(), **how)

    # The clients' reports.

    def seen(self, since: float | None = None) -> float:
        """Waits until each client is synced with the truth. Returns the seconds from
        `since`, or from the last change, until the slower one did."""
        change = self.history.last
        times = [
            self._first(client, lambda seen: is_truth(seen, change), change.began, str(change))
            for client in self.clients
        ]
        # Below zero if the change arrived before the etcdctl that put it had ended.
        return max(0.0, max(times) - (change.ended if since is None else since))

    def noticed(self, since: float) -> float:
        """Waits until the watch is no longer synced; returns the seconds from `since`.

        The other client is only sampled: it may be synced again before the next sample.
        """
        return self._first(self.clients[0], lambda seen: seen.state != "synced", since,
                           "something is wrong") - since  # fmt: skip

    def says(self, text: str) -> None:
        """Waits until the reason for the instance's state contains `text`."""
        eventually(lambda: text in self.instance.reason(), PATIENCE_S, text)

    def last_synced(self) -> float:
        """When a client was last synced."""
        return max(
            observation.t for client in self.clients for observation in client.observations()
            if observation.state == "synced"
        )  # fmt: skip

    def _first(self, client, wanted, begin: float, what: str) -> float:
        """When a client first reports what is wanted, from `begin` on."""

        def observation() -> Observation | None:
            assert client.alive(), f"{client.name} has ended:\n{client.log_tail()}"
            return next((s for s in client.observations() if s.t >= begin and wanted(s)), None)

        return eventually(observation, PATIENCE_S, f"{client.name} says: {what}").t

    # The end.

    def report(self, what: str) -> None:
        """Sets the row's line in the table."""
        self.summary = what

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
        """After the test: requires that the clients hold the truth and never broke a promise."""
        assert self.summary, "the row has reported nothing"
        self.stop_clients()
        for client in self.clients:
            complaints = judge(self.history, client.observations())
            assert not complaints, f"{client.name}:\n" + "\n".join(complaints[:10])
