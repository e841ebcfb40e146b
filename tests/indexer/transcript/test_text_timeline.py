"""Transcripts of parsed documents."""

from __future__ import annotations

from seekpoint.index.types import Chapter, Details, Origin
from seekpoint.indexer.transcript.cues import chunk, sentences
from seekpoint.indexer.transcript.text_timeline import Block, ParsedDocument, Role, transcript_of

ARTICLE = ParsedDocument(
    (
        Block("Self-Attention", Role.HEADING, "self-attention"),
        Block(
            "The word looks at the others. It then weighs them all by a softmax, as we saw.", anchor="self-attention"
        ),
        Block("位置编码", Role.HEADING, "positions"),
        Block("模型本身并不知道词的顺序。所以我们要把位置编码加到词向量上去。", anchor="positions"),
        Block("References", Role.HEADING, "references"),
        Block("[1] Vaswani et al. Attention Is All You Need.", Role.REFERENCE, "references"),
    ),
    title="An article",
    stated=Details(published="2018-06-27", authors=("Somebody",)),
)


def test_sentences_become_cues_and_headings_chapters() -> None:
    transcript, details = transcript_of(ARTICLE, "en", Origin.MANUAL)
    assert [(cue.text, cue.anchor) for cue in transcript.cues] == [
        ("Self-Attention", "self-attention"),
        ("The word looks at the others.", "self-attention"),
        ("It then weighs them all by a softmax, as we saw.", "self-attention"),
        ("位置编码", "positions"),
        ("模型本身并不知道词的顺序。", "positions"),
        ("所以我们要把位置编码加到词向量上去。", "positions"),
        ("References", "references"),
        ("[1] Vaswani et al. Attention Is All You Need.", "references"),
    ]
    assert [cue.is_reference for cue in transcript.cues] == [False] * 6 + [True] * 2
    assert (transcript.language, transcript.origin) == ("en", Origin.MANUAL)
    assert (details.title, details.authors, details.published) == ("An article", ("Somebody",), "2018-06-27")
    starts = {cue.text: cue.start for cue in transcript.cues}
    titles = ("Self-Attention", "位置编码", "References")
    assert details.chapters == tuple(Chapter(starts[title], title) for title in titles)


def test_texts_have_the_speed_of_talks_and_page_numbers_survive_splitting() -> None:
    for minute in ("word " * 150, "字" * 280):
        (transcript, _) = transcript_of(ParsedDocument((Block(minute),)), "en", Origin.LOCAL)
        assert 45 < transcript.cues[-1].end < 75
    blocks = [Block("注意力" * 500, page=1), Block("Position matters. " * 60, page=2)]
    transcript, _ = transcript_of(ParsedDocument(tuple(blocks)), "zh", Origin.LOCAL)
    found = {(cue.page, "注意力" in cue.text, "Position" in cue.text) for cue in transcript.cues}
    assert found == {(1, True, False), (2, False, True)}
    assert max(cue.end - cue.start for cue in transcript.cues) <= 45


def test_no_chunk_crosses_a_heading_or_contains_both_text_and_references() -> None:
    part = [Block("词元", Role.HEADING), Block("A short part."), Block("Masks", Role.HEADING), Block("Another one.")]
    cues = transcript_of(ParsedDocument(tuple(part * 3)), "en", Origin.LOCAL)[0].cues
    said = [" ".join(cue.text for cue in cues[c.first : c.stop]) for c in chunk(cues)]
    assert said == ["词元 A short part.", "Masks Another one."] * 3
    references = [Block(f"[{n}] A paper on 注意力.", Role.REFERENCE, page=2) for n in range(9)]
    blocks = (Block("The text. " * 5, page=1), *references, Block("An appendix. " * 4, page=3))
    cues = transcript_of(ParsedDocument(blocks), "en", Origin.LOCAL)[0].cues
    assert all(len({cue.is_reference for cue in cues[part.first : part.stop]}) == 1 for part in chunk(cues))


def test_abbreviations_do_not_end_sentences() -> None:
    english = ["As shown in Fig. 2 of the paper, it works.", "The rest of the text follows here."]
    chinese = ["好。为什么要除以根号维度呢？", "因为点积会变得很大！"]
    for joint, found in ((" ", english), ("", chinese), ("  ", [])):
        assert list(sentences(joint.join(found))) == found
