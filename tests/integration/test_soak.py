"""A short slice of the soak; scripts/soak runs ten minutes, and checks memory too."""

import soak


def test_no_request_is_lost_but_with_a_killed_node(etcd, tmp_path):
    run = soak.Soak(tmp_path, etcd, seconds=12)
    run.run()
    assert soak.complaints(run) == []
    # The run had real load.
    assert soak.requests_of(run.seen.wrk) > 100
    assert all(len(posts) > 5 for posts in run.seen.posts)
    assert run.seen.kills and run.seen.renewals and run.seen.flips
