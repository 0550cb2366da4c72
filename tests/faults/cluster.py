"""Three etcd members, in a network whose links can be cut."""

import ctypes
import os
import subprocess
from pathlib import Path

from parts import Etcd, EtcdRelease, PartFailed, eventually

MEMBERS = ("m1", "m2", "m3")
_CLONE_NEWNET = 0x40000000  # <linux/sched.h>


class Cluster:
    """Three members, created by `make_member(name)`."""

    def __init__(self, make_member):
        self.members: list[Etcd] = [make_member(name) for name in MEMBERS]
        self.endpoints = ",".join(member.endpoint for member in self.members)
        everyone = ",".join(member.initial_cluster for member in self.members)
        for member in self.members:
            member.initial_cluster = everyone

    def leader(self) -> Etcd:
        for member in self.members:
            (response,) = member.etcdctl("endpoint", "status")
            status = response["Status"]
            if status["leader"] == status["header"]["member_id"]:
                return member
        raise PartFailed("no member claims to be the leader")

    def another_leader(self, lost: Etcd) -> Etcd:
        """Waits until the others have a leader; returns one of them."""
        one = self.others(lost)[0]
        # Ready only if a linearizable read has a response.
        eventually(one.ready, 60, f"{one.name} has a leader again")
        return one

    def others(self, one: Etcd) -> list[Etcd]:
        return [member for member in self.members if member is not one]

    def __enter__(self):
        try:
            for member in self.members:
                member.launch()
            for member in self.members:
                member.await_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for member in self.members:
            member.kill()


class NamespaceMember(Etcd):
    """Runs in a separate namespace: one interface for its clients, one for its peers."""

    def __init__(self, run_dir, name: str, network: "Network", release: EtcdRelease):
        self._network = network
        number = MEMBERS.index(name) + 1
        super().__init__(
            run_dir, name, release=release, host=f"{Network.CLIENTS}.{number}",
            peer_host=f"{Network.PEERS}.{number}", prefix=network.inside(name),
        )  # fmt: skip

    def cut_from_peers(self) -> None:
        self._network.set_link("peers", self.name, "down")

    def rejoin_peers(self) -> None:
        self._network.set_link("peers", self.name, "up")

    def hide_from_clients(self) -> None:
        self._network.set_link("clients", self.name, "down")

    def show_to_clients(self) -> None:
        self._network.set_link("clients", self.name, "up")


class Network:
    """Namespaces for the members, and one in the middle, the hub, with a bridge for clients and one
    for peers. While it is entered this thread, and what it starts, is in the hub.
    """

    CLIENTS, PEERS = "10.90.0", "10.91.0"

    def __init__(self):
        self._name = f"osproxy-{os.getpid()}"
        self._hub = f"{self._name}-hub"
        self._home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)

    def inside(self, member: str) -> list[str]:
        """The prefix of a command that is to run there."""
        return _within(f"{self._name}-{member}")

    def set_link(self, bridge: str, member: str, state: str) -> None:
        _ip_in(self._hub, "link", "set", f"{bridge}-{member}", state)

    def __enter__(self):
        if os.geteuid() != 0:
            raise PartFailed("network namespaces need root; without it this row cannot be tested")
        try:
            self._make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        _enter(self._home)
        os.close(self._home)
        for name in (self._hub, *(f"{self._name}-{member}" for member in MEMBERS)):
            if Path("/run/netns", name).exists():
                _ip("netns", "delete", name)

    def _make(self) -> None:
        _ip("netns", "add", self._hub)
        _ip_in(self._hub, "link", "set", "lo", "up")
        for bridge in ("clients", "peers"):
            _ip_in(self._hub, "link", "add", bridge, "type", "bridge")
            _ip_in(self._hub, "link", "set", bridge, "up")
        _ip_in(self._hub, "address", "add", f"{self.CLIENTS}.254/24", "dev", "clients")
        for number, member in enumerate(MEMBERS, start=1):
            there = f"{self._name}-{member}"
            _ip("netns", "add", there)
            _ip_in(there, "link", "set", "lo", "up")
            for bridge, subnet in (("clients", self.CLIENTS), ("peers", self.PEERS)):
                here = f"{bridge}-{member}"
                _ip_in(self._hub, "link", "add", here, "type", "veth",
                       "peer", "name", bridge, "netns", there)  # fmt: skip
                _ip_in(self._hub, "link", "set", here, "master", bridge, "up")
                _ip_in(there, "address", "add", f"{subnet}.{number}/24", "dev", bridge)
                _ip_in(there, "link", "set", bridge, "up")
        hub = os.open(f"/run/netns/{self._hub}", os.O_RDONLY)
        _enter(hub)
        os.close(hub)


def _within(namespace: str) -> list[str]:
    """Not `ip netns exec`: that mounts /sys again, which fails where / is no mount, as in a
    chroot.
    """
    return ["nsenter", f"--net=/run/netns/{namespace}"]


def _ip_in(namespace: str, *arguments: str) -> None:
    _run([*_within(namespace), "ip", *arguments])


def _ip(*arguments: str) -> None:
    _run(["ip", *arguments])


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    if done.returncode != 0:
        raise PartFailed(f"{' '.join(command)}: {done.stderr.strip()}")


def _enter(namespace: int) -> None:
    """Moves this thread into a network namespace; Python has no call for it before 3.12."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
