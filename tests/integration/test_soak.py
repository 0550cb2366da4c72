"""A slice of the soak; scripts/soak runs it for ten minutes, and looks at memory too."""

import soak


def test_no_request_is_lost_that_a_killed_node_did_not_take_with_it(etcd, tmp_path):
    run = soak.Soak(tmp_path, etcd, seconds=12)
    run.run()
    assert soak.complaints(run) == []
    # It was no idle run.
    assert soak.requests_of(run.seen.wrk) > 100
    assert all(len(posts) > 5 for posts in run.seen.posts)
    assert run.seen.kills and run.seen.renewals and run.seen.flips
