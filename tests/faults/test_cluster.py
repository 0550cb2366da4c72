"""Three members, of which one is lost, or wrong."""

import time

import pytest
from cluster import Cluster, NamespaceMember, Network
from row import PATIENCE_S

from parts import Etcd, eventually


@pytest.fixture
def cluster(release, tmp_path):
    with Cluster(lambda name: Etcd(tmp_path, name, release=release)) as cluster:
        yield cluster


@pytest.fixture
def divided(release, tmp_path):
    """A cluster whose members can be cut off from each other, and the test among its clients."""
    with (
        Network() as network,
        Cluster(lambda name: NamespaceMember(tmp_path, name, network, release)) as cluster,
    ):
        yield cluster


def test_leader_killed(row, cluster):
    """three members, the leader killed"""
    leader = cluster.leader()
    row.follow(leader, cluster.endpoints)
    row.etcd = cluster.others(leader)[0]
    since = time.time()
    leader.kill()
    eventually(row.etcd.ready, PATIENCE_S, "the others have elected another leader")
    elected = time.time() - since
    row.put()
    seen = row.seen(since)
    row.tell(f"another one elected after {elected:.1f} s, a change by it seen after {seen:.1f} s")


def test_member_cut_off_and_no_other_known(row, divided):
    """member cut off from its peers, the client knows no other"""
    member = divided.members[0]
    row.follow(divided.members[1], member.endpoint)
    since = time.time()
    member.cut_from_peers()
    row.put()
    noticed = row.noticed(since)
    row.put()
    time.sleep(3)  # for a client that is taken in to say so
    believed = [sight for sight in row.clients[1].sights() if sight.state == "synced"][-1].t - since
    member.rejoin_peers()
    seen = row.seen(since=time.time())
    row.tell(
        f"noticed after {noticed:.1f} s, last believed {believed:.1f} s after the cut, "
        f"in step {seen:.1f} s after it was back"
    )


def test_member_cut_off_and_others_known(row, divided):
    """member cut off from its peers, the others come into reach"""
    member, *others = divided.members
    for other in others:
        other.hide_from_clients()
    # Only this one can be asked, so that it is the one that they are connected to.
    row.follow(member, divided.endpoints)
    since = time.time()
    member.cut_from_peers()
    for other in others:
        other.show_to_clients()
    row.etcd = others[0]
    row.put()
    row.tell(f"the majority's change seen {row.seen(since):.1f} s after the cut")


def test_every_member_restarted_in_turn(row, cluster):
    """three members, restarted one after the other"""
    row.follow(cluster.members[0], cluster.endpoints)
    slowest = 0.0
    for member in cluster.members:
        member.stop()
        row.etcd = cluster.others(member)[0]
        row.put()
        slowest = max(slowest, row.seen())
        member.start()
    row.tell(f"each change seen, the slowest after {slowest:.1f} s")
