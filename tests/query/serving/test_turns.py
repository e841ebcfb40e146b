from __future__ import annotations

import asyncio

from seekpoint.query.serving.turns import ClientTurns, QuestionTurns


async def _limits() -> None:
    turns = ClientTurns(at_once=2, waiting=5, of_client=3)
    joined = [turns.join("one") for _ in range(7)]
    assert [turn and turn.done() for turn in joined] == [True, True, False, False, False, None, None]
    others = [turns.join("other") for _ in range(3)]
    assert [turn and turn.done() for turn in others] == [False, False, None], "five wait of both"
    done = [turn for turn in joined if turn]
    turns.end("one", done[0])
    turns.end("one", done[0])
    assert [turn.done() for turn in done] == [True, True, True, False, False], "ending it twice gives one turn"
    turns.end("one", done[3])  # leaves the line
    turns.end("one", done[1])
    assert [bool(turn and turn.done()) for turn in others] == [True, False, False], "the other client comes next"
    turns.end("one", done[2])
    assert done[4].done() and not done[3].done()
    for turn in (done[4], others[0], others[1]):
        assert turn
        turns.end("one" if turn is done[4] else "other", turn)
    free = [turns.join("third") for _ in range(3)]
    assert [turn and turn.done() for turn in free] == [True, True, False]


def test_turns_go_round_the_clients_and_have_limits() -> None:
    asyncio.run(_limits())


def test_long_questions_have_turns_of_their_own_until_they_are_embedded() -> None:
    turns, long = QuestionTurns(), "掩码" * 200
    assert turns.of("why masks?") is turns.of("掩" * 170) is not turns.of(long)
    turns.embedded(long)
    assert turns.of(long) is turns.of("why masks?") is not turns.of(f"{long}?")
