"""Where a moment's quote stands in its transcript."""

from __future__ import annotations

from seekpoint.index.store import Reader
from seekpoint.query.filters import in_language
from tests.asking import ask
from tests.query.search.frozen.encoder import FrozenEncoder
from tests.query.search.frozen.questions import ROWS


def test_a_moment_knows_the_cues_that_it_quotes(frozen: Reader) -> None:
    moments = [moment for row in ROWS for moment in ask(row.question, frozen, encoder=FrozenEncoder(), k=10).moments]
    assert len({moment.cues for moment in moments}) > 20
    assert {moment.language for moment in moments} == {"en", "zh"} and not all(moment.start for moment in moments)
    for moment in moments:
        transcript = in_language(frozen.transcripts(moment.resource.id), moment.language)
        assert transcript and transcript.language == moment.language
        first, stop = moment.cues
        assert " ".join(cue.text for cue in transcript.cues[first:stop]) == moment.quote
        assert moment.start in (None, transcript.cues[first].start)
