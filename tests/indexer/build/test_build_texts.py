"""Builds of pages, papers and documents, from a local web server and with a fake model."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from seekpoint.index.embedded.reader import EmbeddedReader
from seekpoint.index.reasons import Reason
from seekpoint.index.types import Filters, Kind, Origin, State
from seekpoint.query.answers import Answer
from seekpoint.query.search import pipeline
from tests.fakes import TopicEncoder
from tests.indexer.builds import Workshop, webvtt
from tests.shared import SHARED, needs_shared

PAGE = "https://blog.example.org/attention"
HOUR = 3600.0
DAY = 24 * HOUR


def article(*paragraphs: str, heading: str = "Masks", anchor: str = "masks") -> str:
    body = "".join(f"<p>{text}</p>" for text in paragraphs)
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>On attention</title></head><body>"
        f"<nav><a href='/'>Home</a> <a href='/all'>All posts</a></nav><article><h1>On attention</h1>"
        f"<p>Attention gives each word a weight, and the weights of all the words add up to one.</p>"
        f"<h2 id='{anchor}'>{heading}</h2>{body}</article><footer>All rights reserved</footer></body></html>"
    )


MASKS = article(
    "A mask hides the tokens that come later, so that no word can look at its own answer.",
    "Without it the training would be worth nothing, for the model could copy what it should predict.",
)


def ask(workshop: Workshop, question: str) -> Answer:
    with EmbeddedReader.open(workshop.library) as library:
        return pipeline.ask(question, library, TopicEncoder(), 5)


def test_a_page_is_indexed_and_answers_with_a_link_to_the_sentence(workshop: Workshop) -> None:
    workshop.fake.add_site(PAGE, MASKS)
    report = workshop.build(workshop.write("list.md", f"## Blogs\n- [Attention]({PAGE})"))
    assert report.states[State.INDEXED] == 1
    (status,) = workshop.statuses().values()
    assert (status.resource.kind, status.languages, status.transcript) == (Kind.PAGE, ("en",), Origin.MANUAL)
    assert status.seconds == 0
    moment = ask(workshop, "what does a mask hide?").moments[0]
    assert (moment.start, moment.end, moment.page, moment.chapter) == (None, None, None, "Masks")
    assert moment.link.startswith(f"{PAGE}#masks:~:text=")
    assert "rights" not in moment.quote and "Home" not in moment.quote


def test_a_page_is_requested_again_after_a_day_and_kept_if_unchanged(workshop: Workshop) -> None:
    workshop.fake.add_site(PAGE, MASKS)
    source = workshop.write("list.md", f"[Attention]({PAGE})")
    workshop.build(source)
    workshop.build(source, later=23 * HOUR)
    assert workshop.fake.requests == []
    report = workshop.build(source, later=25 * HOUR)
    assert (workshop.fake.requests, report.updated, workshop.events.lines) == ([("site", PAGE)], 0, [])
    workshop.build(source, later=26 * HOUR)
    assert workshop.fake.requests == []


def test_provenance_is_stored_in_the_form_of_earlier_builds(workshop: Workshop) -> None:
    workshop.fake.add_site(PAGE, MASKS)
    workshop.fake.add_video("aaaaaaaaaaa", "Talk", {"en": [(0.0, 2.0, "attention 注意力")]})
    note = workshop.write("note.md", "# 掩码\n\nA mask hides what comes later.\n")
    workshop.write("captions/T [bbbbbbbbbbb].en.vtt", webvtt("the mask hides what comes later"))
    links = [PAGE, "https://youtu.be/aaaaaaaaaaa", "https://youtu.be/bbbbbbbbbbb", note]
    source = workshop.write("list.md", "".join(f"- [x]({link})\n" for link in links))
    workshop.build(source, captions=workshop.folder / "captions")
    with EmbeddedReader.open(workshop.library) as library:
        inputs = [standing.inputs for standing in library.standings().values()]
    page, youtube, captions, file = inputs
    assert json.loads((page or "").removeprefix("web:")).keys() == {"at", "digest", "etag", "modified", "final"}
    assert '"digest": "bf9169a1b4aeb6903abfcea3d6769065"' in (page or "") and youtube == "youtube:"
    assert re.fullmatch(r"files:[0-9a-f]{32}(:[0-9a-f]{16})?", captions or "")
    assert re.fullmatch(r"file:[0-9a-f]{32}(:[0-9a-f]{16})?", file or "")
    assert workshop.build(source, captions=workshop.folder / "captions", offline=True).updated == 0


def test_changes_of_a_page_are_reported_and_only_they_are_embedded(workshop: Workshop) -> None:
    long_page = [f"Attention and the softmax, part {n}: " + "the weights add up to one. " * 30 for n in range(8)]
    workshop.fake.add_site(PAGE, article(*long_page))
    source = workshop.write("list.md", f"[Attention]({PAGE})")
    workshop.build(source)
    embedded = len(workshop.encoder.embedded)
    workshop.fake.add_site(
        PAGE, article(*long_page, "A cache of 缓存 keeps the keys and the values of earlier tokens.")
    )
    report = workshop.build(source, later=2 * DAY)
    assert report.updated == 1
    assert workshop.events.lines == ["Attention: changed, 1 new sentence, 0 gone"]
    assert 0 < len(workshop.encoder.embedded) < embedded / 2
    assert "cache" in ask(workshop, "cache").moments[0].quote


def test_a_page_that_fails_later_is_kept_as_it_was(workshop: Workshop) -> None:
    workshop.fake.add_site(PAGE, MASKS)
    source = workshop.write("list.md", f"[Attention]({PAGE})")
    workshop.build(source)
    workshop.fake.add_site(PAGE, "<html><body></body></html>")
    report = workshop.build(source, later=2 * DAY)
    assert report.states[State.INDEXED] == 1
    assert "kept as it was" in workshop.events.lines[0]
    assert ask(workshop, "what does a mask hide?").moments[0].chapter == "Masks"


LONG = article(
    *[f"Part {n} says: the mask hides what comes later, and the cache keeps the keys. " * 3 for n in range(9)]
)
GONE = {
    "a short notice": "<title>Attention</title><p>We are moving. Come back in June!</p>",
    "it says so": f"<title>Page not found | Blog</title><h1>Oops!</h1><p>{'Have a look at our other posts. ' * 20}</p>",
    "它说没有": f"<title>页面不存在 - 博客</title><h1>抱歉</h1><p>{'请看看我们的其他文章，也许您会喜欢。' * 20}</p>",
    "nothing": "<title>Attention</title>",
}


@pytest.mark.parametrize("body", GONE.values(), ids=GONE)
def test_an_article_that_is_gone_without_an_error_is_kept_with_the_reason(workshop: Workshop, body: str) -> None:
    workshop.fake.add_site(PAGE, LONG)
    source = workshop.write("list.md", f"[Attention]({PAGE})")
    workshop.build(source)
    workshop.fake.add_site(PAGE, f"<html lang='en'><head></head><body>{body}</body></html>")
    report = workshop.build(source, later=2 * DAY)
    (status,) = workshop.statuses().values()
    assert (report.updated, status.state) == (0, State.INDEXED)
    assert status.reason and status.reason in workshop.events.lines[0] and "kept as it was" in workshop.events.lines[0]
    assert status.retry_after == pytest.approx(time.time() + 3 * DAY, abs=60)
    assert "mask" in ask(workshop, "what does a mask hide?").moments[0].quote
    workshop.build(source, later=2 * DAY + HOUR)
    assert workshop.fake.requests == []
    workshop.fake.add_site(PAGE, MASKS)
    assert workshop.build(source, later=4 * DAY).updated == 1
    assert next(iter(workshop.statuses().values())).reason is None


def test_an_article_that_was_shortened_is_taken(workshop: Workshop) -> None:
    workshop.fake.add_site(PAGE, LONG)
    source = workshop.write("list.md", f"[Attention]({PAGE})")
    workshop.build(source)
    workshop.fake.add_site(PAGE, MASKS)
    assert workshop.build(source, later=2 * DAY).updated == 1


def test_a_document_of_ones_own_may_become_short(workshop: Workshop) -> None:
    note = workshop.write("notes/note.md", "The mask hides what comes later. " * 50)
    workshop.build(note.parent)
    note.write_text("The cache keeps the keys.", "utf-8")
    assert workshop.build(note.parent).updated == 1


def test_a_failed_page_is_reported_and_the_build_continues(workshop: Workshop) -> None:
    workshop.fake.add_site(PAGE, MASKS)
    workshop.fake.add_site("https://blog.example.org/nowhere", "", status=404)
    source = workshop.write("list.md", f"[gone](https://blog.example.org/nowhere) [Attention]({PAGE})")
    report = workshop.build(source)
    assert (report.states[State.INDEXED], report.states[State.UNAVAILABLE]) == (1, 1)
    assert any(status.reason and "404" in status.reason for status in workshop.statuses().values())


@needs_shared
def test_a_malformed_address_is_told_and_the_build_continues(workshop: Workshop) -> None:
    workshop.fake.add_site(PAGE, MASKS)
    text = f"[page]({PAGE})\n\n[坏的链接](https://[::1)\n\n[broken](https://exa[mple.org/x)\n"
    for source in (workshop.write("list.md", text), "https://[::1"):
        workshop.build(source)
    with EmbeddedReader.open(workshop.library) as library:
        told = {status.url: (status.state, status.reason) for status in library.statuses()}
    assert told.pop(PAGE)[0] is State.INDEXED
    assert "https://[::1" in told
    assert all(each == (State.UNAVAILABLE, Reason("no_address")) for each in told.values())


def test_a_paper_opens_at_its_page_and_is_never_fetched_again(workshop: Workshop) -> None:
    address = "https://arxiv.org/pdf/1706.03762"
    workshop.fake.add_site(address, (SHARED / "resources" / "1706.03762.pdf").read_bytes(), "application/pdf")
    source = workshop.write("list.md", "[论文](https://arxiv.org/abs/1706.03762v7)")
    workshop.build(source)
    (status,) = workshop.statuses().values()
    assert (status.resource.kind, status.state, status.languages) == (Kind.PAPER, State.INDEXED, ("en",))
    moment = ask(workshop, "how is the position encoded?").moments[0]
    assert moment.page is not None
    assert moment.link == f"{address}#page={moment.page}"
    workshop.build(source, later=99 * DAY, retry=True)
    assert workshop.fake.requests == []


@needs_shared
def test_an_address_that_turns_out_to_be_a_pdf_is_a_paper(workshop: Workshop) -> None:
    address = "https://example.org/download"
    workshop.fake.add_site(address, (SHARED / "resources" / "1706.03762.pdf").read_bytes(), "application/octet-stream")
    workshop.build(workshop.write("list.md", f"[P]({address})"))
    (status,) = workshop.statuses().values()
    assert (status.resource.kind, status.state) == (Kind.PAPER, State.INDEXED)
    assert ask(workshop, "position").moments[0].link.startswith(f"{address}#page=")
    workshop.build(workshop.folder / "list.md", later=99 * DAY)
    assert workshop.fake.requests == []


@needs_shared
def test_references_rank_after_the_text(workshop: Workshop) -> None:
    workshop.write("papers/x.txt", "")
    (workshop.folder / "papers" / "论文.pdf").write_bytes((SHARED / "resources" / "1706.03762.pdf").read_bytes())
    (workshop.folder / "papers" / "x.txt").unlink()
    workshop.build(workshop.folder / "papers")
    with EmbeddedReader.open(workshop.library) as library:
        (transcript,) = library.transcripts(next(iter(library.standings())))
        flagged = [cue for cue in transcript.cues if cue.is_reference]
        assert len(flagged) >= 40
        moments = pipeline.ask(flagged[3].text, library, TopicEncoder(), 100).moments
    is_reference = [any(moment.quote.startswith(cue.text) for cue in flagged) for moment in moments]
    assert any(is_reference) and not all(is_reference)
    assert is_reference == sorted(is_reference), "all text comes before"


def test_documents_in_a_folder_beside_recordings(workshop: Workshop) -> None:
    workshop.write(
        "notes/笔记.md", "# 注意力\n\n掩码遮住后面的词元，这样模型就看不到答案。\n\n## 缓存\n\n缓存保存之前的键和值。"
    )
    workshop.write("notes/plain.txt", "The softmax turns scores into weights.\n\nPositions are added to the tokens.\n")
    workshop.write("notes/saved page.html", MASKS)
    report = workshop.build(workshop.folder / "notes")
    assert (report.resources, report.states[State.INDEXED]) == (3, 3)
    kinds = {status.resource.title: status.resource.kind for status in workshop.statuses().values()}
    assert set(kinds.values()) == {Kind.DOCUMENT}
    moment = ask(workshop, "缓存").moments[0]
    assert (moment.resource.title, moment.language, moment.chapter) == ("注意力", "zh", "缓存")
    titles = {status.resource.title for status in workshop.statuses().values()}
    assert titles == {"注意力", "plain", "On attention"}, "its own title, else the file's"
    assert moment.link == (workshop.folder / "notes" / "笔记.md").resolve().as_uri()
    moment = ask(workshop, "position").moments[0]
    assert moment.link.startswith((workshop.folder / "notes" / "plain.txt").resolve().as_uri() + "#:~:text=")
    workshop.write("notes/plain.txt", "The softmax turns scores into weights.\n\nPositions are added to tokens.\n")
    assert workshop.build(workshop.folder / "notes").updated == 1


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.txt", b"", "empty"),
        ("image.md", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0", "text"),
        ("broken.pdf", b"%PDF-1.7\nnothing that follows is one", "PDF"),
        ("words.pdf", b"these are no pages", "not a PDF"),
        ("empty.pdf", b"", "the file is empty: save or copy it again"),
        ("empty.html", b"<html><body></body></html>", ""),
    ],
)
def test_an_unreadable_document_is_reported_once(workshop: Workshop, name: str, content: bytes, reason: str) -> None:
    workshop.write(f"notes/{name}", "")
    (workshop.folder / "notes" / name).write_bytes(content)
    workshop.write("notes/good.txt", "The softmax turns scores into weights.")
    report = workshop.build(workshop.folder / "notes")
    assert (report.states[State.INDEXED], report.states[State.UNAVAILABLE]) == (1, 1)
    (failed,) = (status for status in workshop.statuses().values() if status.state is State.UNAVAILABLE)
    assert failed.reason and reason in failed.reason
    assert "\n" not in failed.reason
    assert not failed.reason.is_foreign
    before = workshop.content()
    workshop.build(workshop.folder / "notes")
    assert workshop.content() == before


def test_the_links_of_a_list_lead_to_documents_beside_it(workshop: Workshop) -> None:
    workshop.write("more/notes.md", "Attention gives each token a weight.")
    workshop.build(workshop.write("list.md", "- [My notes](more/notes.md)\n- [missing](more/gone.txt)"))
    states = {status.resource.title: status.state for status in workshop.statuses().values()}
    assert states == {"My notes": State.INDEXED, "missing": State.UNAVAILABLE}


def test_json_of_a_page_has_no_seconds(workshop: Workshop) -> None:
    from seekpoint.query.output.json import to_json
    from seekpoint.query.output.terminal import to_text

    workshop.fake.add_site(PAGE, MASKS)
    workshop.build(workshop.write("list.md", f"[Attention]({PAGE})"))
    with EmbeddedReader.open(workshop.library) as library:
        answer = pipeline.ask("mask", library, TopicEncoder(), 1, explained=True)
    (moment,) = json.loads(json.dumps(to_json(answer)))["moments"]
    assert (moment["start"], moment["end"], moment["timestamp"], "page" in moment) == (None, None, None, False)
    assert moment["explanation"]["windows"] == []
    shown = to_text(answer, styled=False).splitlines()
    assert shown[0] == "1. Attention  en"
    assert "nearest in meaning" not in to_text(answer, styled=False)


def test_a_folder_without_anything_to_read_says_what_it_looked_for(workshop: Workshop) -> None:
    from seekpoint.index.errors import SourceError

    Path(workshop.folder / "empty").mkdir()
    with pytest.raises(SourceError, match=r"recordings, PDFs, web pages or text files"):
        workshop.build(workshop.folder / "empty")


def test_a_page_named_in_the_question_comes_first(workshop: Workshop) -> None:
    titles = {"The Annotated Mask": "https://a.example.org/1", "掩码入门指南": "https://a.example.org/2"}
    for address in titles.values():
        workshop.fake.add_site(address, MASKS)
    workshop.build(workshop.write("list.md", "\n".join(f"- [{title}]({url})" for title, url in titles.items())))
    for title in titles:
        first = ask(workshop, f"what does a mask hide, according to {title}?").moments[0]
        assert first.resource.title == title


def test_answers_are_filtered_by_kind(workshop: Workshop) -> None:
    workshop.fake.add_site(PAGE, MASKS)
    workshop.write("notes/mask.md", "A mask hides the tokens that come later.")
    workshop.build(workshop.write("list.md", f"[page]({PAGE}) [notes](notes/mask.md)"))
    with EmbeddedReader.open(workshop.library) as library:
        for kind in (Kind.PAGE, Kind.DOCUMENT, Kind.PAPER):
            found = pipeline.ask("mask", library, TopicEncoder(), 5, Filters(kind)).moments
            assert {moment.resource.kind for moment in found} == ({kind} if kind is not Kind.PAPER else set())
