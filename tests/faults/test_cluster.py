"""Three members, of which one is lost or cut off."""

import time

import pytest
from cluster import Cluster, NamespaceMember, Network

from parts import Etcd


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
    since = time.time()
    leader.kill()
    row.etcd = cluster.another_leader(leader)
    elected = time.time() - since
    row.put()
    seen = row.seen(since)
    row.report(f"another one elected after {elected:.1f} s, a change by it seen after {seen:.1f} s")


def test_leader_cut_off_and_no_other_known(row, divided):
    """leader cut off from its peers, the client knows no other"""
    leader = divided.leader()
    row.follow(leader, leader.endpoint)
    since = time.time()
    leader.cut_from_peers()
    row.etcd = divided.another_leader(leader)
    row.put()
    noticed = row.noticed(since)
    row.put()
    time.sleep(3)  # for a client that is taken in to say so
    believed = row.last_synced() - since
    leader.rejoin_peers()
    seen = row.seen(since=time.time())
    row.report(
        f"noticed after {noticed:.1f} s, last believed {believed:.1f} s after the cut, "
        f"synced {seen:.1f} s after it was back"
    )


def test_follower_cut_off_and_others_known(row, divided):
    """member cut off from its peers, the others come into reach"""
    follower = divided.others(divided.leader())[0]
    others = divided.others(follower)
    for other in others:
        other.hide_from_clients()
    # Only this one can be reached, so the clients are connected to it.
    row.follow(follower, divided.endpoints)
    since = time.time()
    follower.cut_from_peers()
    for other in others:
        other.show_to_clients()
    row.etcd = divided.another_leader(follower)
    row.put()
    row.report(f"the majority's change seen {row.seen(since):.1f} s after the cut")


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
    row.report(f"each change seen, the slowest after {slowest:.1f} s")
