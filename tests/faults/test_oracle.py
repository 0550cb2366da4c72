"""The oracle finds every broken promise."""

import dataclasses

import pytest
from oracle import History, Observation, judge

START = 1000.0


@pytest.fixture
def history() -> History:
    """d1, then d2 ten seconds later, then a deletion, then d3 in another lineage."""
    history = History()
    history.changed(5, ["d1"], START, START)
    history.changed(7, ["d2"], START + 10, START + 10)
    history.changed(0, [], START + 20, START + 20)
    history.changed(5, ["d1"], START + 30, START + 30, new_lineage=True)
    history.changed(6, ["d3"], START + 40, START + 40)
    return history


def observation(after, revision, *active, state="synced", age_s=1.0, exact=True) -> Observation:
    return Observation(START + after, revision, state, age_s, active, None, exact)


GOOD = [
    observation(1, 5, "d1"),
    observation(10, 7, "d2"),
    observation(14, 7, "d2", state="suspect", age_s=4.0),
    observation(21, 0),
    observation(31, 5, "d1"),
    observation(41, 6, "d3"),
]


def test_a_faithful_client_is_not_blamed(history):
    assert judge(history, GOOD) == []
    assert judge(history, [GOOD[-1]]) == []


def test_a_set_newer_than_its_status_needs_separate_moments(history):
    early = dataclasses.replace(GOOD[0], active=("d2",), exact=False)
    assert judge(history, [early, *GOOD[1:]]) == []
    assert judge(history, [dataclasses.replace(early, exact=True), *GOOD[1:]])


@pytest.mark.parametrize(
    ("at", "bad", "words"),
    [
        (2, observation(14, 5, "d1"), "never the truth"),  # back to an older revision
        (1, observation(10, 7), "never the truth"),  # blank, but the key is there
        (1, observation(10, 6, "d3"), "never the truth"),  # of the future
        (2, observation(14, 7, "other"), "never the truth"),
        (3, observation(26, 7, "d2", age_s=1.0), "impossible"),  # deleted six seconds before
        (2, observation(19, 7, "d2", age_s=11.0), "for too long"),
        (0, observation(1, 5, "d1", age_s=None), "no proof"),
        (5, observation(41, 5, "d1", age_s=3.0), "in the end"),
        (5, observation(41, 6, "d3", state="suspect"), "in the end"),
    ],
)
def test_an_unfaithful_client_is_found(history, at, bad, words):
    complaints = judge(history, [*GOOD[:at], bad, *GOOD[at + 1 :]])
    assert complaints and words in complaints[0]


def test_a_client_that_shows_nothing_is_found(history):
    assert judge(history, [])
