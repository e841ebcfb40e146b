"""The decision table of videos: every combination of what is stored and what the user wants."""

from __future__ import annotations

from itertools import product

import pytest

from seekpoint.index.store import LISTED
from seekpoint.index.types import Kind, Resource, Standing, State
from seekpoint.indexer.build_options import BuildOptions
from seekpoint.indexer.pipeline.planner import VIDEO_RULES, Planner, Step, Tried, decide

NOW = 1_000_000.0
VIDEO = Resource("aaaaaaaaaaa", Kind.VIDEO, "", "https://www.youtube.com/watch?v=aaaaaaaaaaa")
LETTERS = {"N": Step.NOTHING, "W": Step.WAIT, "A": Step.ASK_YOUTUBE, "T": Step.TRANSCRIBE}

# In each group of four: due, due with --retry, early, early with --retry. The groups: neither --languages nor
# --transcribe; --transcribe; --languages en; both.
STEPS = {
    State.INDEXED: {
        None: "NNNN NNNN NNNN NNNN",
        LISTED: "NNNN NNNN NNNN NNNN",
        "files:0f": "NNNN NNNN NNNN NNNN",
        "youtube:": "NNNN NNNN AAWA AAWA",
        "youtube:en": "NNNN NNNN NNNN NNNN",
        "transcribed:base:": "NNNN NNNN NNNN NNNN",
        "transcribed:large-v3:": "NNNN NNNN NNNN NNNN",
    },
    State.NO_TRANSCRIPT: {
        None: "AAAA AAAA AAAA AAAA",
        LISTED: "AAAA AAAA AAAA AAAA",
        "files:0f": "AAAA AAAA AAAA AAAA",
        "youtube:": "AAWA TTTT AAAA AAAA",
        "youtube:en": "AAAA AAAA AAWA TTTT",
        "transcribed:base:": "WWWW NTNT WWWW NTNT",
        "transcribed:large-v3:": "WWWW TTTT WWWW TTTT",
    },
}
WHATEVER_WAS_TRIED = "AAWA AAWA AAWA AAWA"
YES_OR_NO = (True, False)


def steps(standing: Standing, *, is_new_route: bool = False) -> list[Step]:
    """The steps for all choices of the user, in the order of STEPS, of a video due at NOW and one due later."""
    return [
        Planner(
            {VIDEO.id: standing._replace(retry_after=NOW + is_early)},
            {},
            BuildOptions(languages=languages, retry=retry, whisper=whisper),
            NOW,
            is_new_route=is_new_route,
        )
        .plan(VIDEO)
        .step
        for languages, whisper, is_early, retry in product(((), ("en",)), (None, "base"), (0, 1), (False, True))
    ]


@pytest.mark.parametrize("stored", STEPS[State.INDEXED])
@pytest.mark.parametrize("state", State)
def test_every_combination_has_its_step(state: State, stored: str | None) -> None:
    letters = STEPS.get(state, {}).get(stored, WHATEVER_WAS_TRIED)
    assert steps(Standing(state, stored)) == [LETTERS[letter] for letter in letters.replace(" ", "")]


@pytest.mark.parametrize("stored", STEPS[State.INDEXED])
@pytest.mark.parametrize("state", State)
def test_on_a_new_route_deferred_videos_are_asked_at_once(state: State, stored: str | None) -> None:
    standing = Standing(state, stored)
    expected = [Step.ASK_YOUTUBE] * 16 if state is State.DEFERRED else steps(standing)
    assert steps(standing, is_new_route=True) == expected


def test_a_rule_fits_each_case_and_no_rule_is_idle() -> None:
    cases = product(State, Tried, YES_OR_NO, YES_OR_NO, YES_OR_NO, YES_OR_NO)
    assert {decide(*case) for case in cases} == set(VIDEO_RULES)
