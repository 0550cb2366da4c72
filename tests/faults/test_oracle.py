"""The oracle finds what it is there to find."""

import dataclasses

import pytest
from oracle import History, Sight, judge

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


def sight(after, revision, *active, state="synced", age_s=1.0, exact=True) -> Sight:
    return Sight(START + after, revision, state, age_s, active, None, exact)


GOOD = [
    sight(1, 5, "d1"),
    sight(10, 7, "d2"),
    sight(14, 7, "d2", state="suspect", age_s=4.0),
    sight(21, 0),
    sight(31, 5, "d1"),
    sight(41, 6, "d3"),
]


def test_a_faithful_client_is_not_blamed(history):
    assert judge(history, GOOD) == []
    assert judge(history, [GOOD[-1]]) == []


def test_a_set_that_is_newer_than_its_status_is_allowed_only_where_they_are_not_one(history):
    early = dataclasses.replace(GOOD[0], active=("d2",), exact=False)
    assert judge(history, [early, *GOOD[1:]]) == []
    assert judge(history, [dataclasses.replace(early, exact=True), *GOOD[1:]])


@pytest.mark.parametrize(
    ("at", "bad", "words"),
    [
        (2, sight(14, 5, "d1"), "never the truth"),  # back to an older revision
        (1, sight(10, 7), "never the truth"),  # blank, but the key is there
        (1, sight(10, 6, "d3"), "never the truth"),  # of the future
        (2, sight(14, 7, "other"), "never the truth"),
        (3, sight(26, 7, "d2", age_s=1.0), "cannot be"),  # deleted six seconds before
        (2, sight(19, 7, "d2", age_s=11.0), "for too long"),
        (0, sight(1, 5, "d1", age_s=None), "no proof"),
        (5, sight(41, 5, "d1", age_s=3.0), "in the end"),
        (5, sight(41, 6, "d3", state="suspect"), "in the end"),
    ],
)
def test_an_unfaithful_client_is_found(history, at, bad, words):
    complaints = judge(history, [*GOOD[:at], bad, *GOOD[at + 1 :]])
    assert complaints and words in complaints[0]


def test_a_client_that_shows_nothing_is_found(history):
    assert judge(history, [])
