"""One list with a resource of every kind: built twice, interrupted after each, and asked in each."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from random import Random
from shutil import rmtree
from signal import SIGINT, SIGKILL, SIGTERM, default_int_handler, signal
from types import FrameType

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

import seekpoint
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.errors import LibraryNotFound
from seekpoint.index.types import Kind, State
from seekpoint.indexer.build_options import BuildOptions, Sources
from seekpoint.indexer.pipeline.build import build
from seekpoint.indexer.reading_list.list_text import parse_list
from seekpoint.indexer.sources.captions import parse_captions
from seekpoint.indexer.sources.documents import parse_document
from seekpoint.indexer.sources.podcasts.feed import parse_feed
from seekpoint.indexer.sources.podcasts.transcripts import parse_transcript
from seekpoint.indexer.sources.recordings import chapters, subtitles
from seekpoint.indexer.sources.sandbox import Sandbox
from seekpoint.indexer.sources.sites.extraction import read_video
from tests.asking import ask
from tests.fake_sites import WORDS, ZH, FakeSites, add_bilibili, add_vimeo, page_with_player, vtt
from tests.fake_youtube import FakeYouTube
from tests.fakes import TopicEncoder
from tests.feeds import FEED, SHOW, feed, item, transcript
from tests.indexer.builds import Workshop, webvtt
from tests.indexer.sources.archives.samples import docx, epub, paragraph, pptx, shape, xhtml
from tests.indexer.sources.recordings.films import film
from tests.killing import PROCESSES, is_tidy
from tests.local_web import LocalWeb

BILIBILI, VIMEO = "https://www.bilibili.com/video/BV1xx411c7mD", "https://vimeo.com/76979871"
PAGE, LECTURE, BLOG = "https://uni.example/lecture", "https://uni.example/l3.mp4", "https://blog.example/gradients"
ROBOTS = f"{SHOW}/robots.txt"
DAY = 86_400.0
TALK = """WEBVTT

00:01.000 --> 00:09.000
<v Ada>heads attend to positions

00:10.000 --> 00:19.000
<v 李雷>缓存键和值
"""
ARTICLE = " ".join(["Gradients flow back through each layer, and a residual connection keeps them from vanishing."] * 8)


@pytest.fixture
def sites(httpserver: HTTPServer, fake: FakeYouTube) -> FakeSites:
    sites = FakeSites(httpserver)  # after YouTube's: for every other address
    add_bilibili(sites, captions={"ai-zh": ZH})
    add_vimeo(sites, captions={"en": WORDS})
    text = f"<h1>Lecture 3</h1><p>{ARTICLE.replace('Gradients', 'Softmax')}</p>"
    sites.add(PAGE, page_with_player("/l3.mp4", ("en", "/l3.vtt"), text=text))
    sites.add("https://uni.example/l3.vtt", vtt([(3.0, 7.0, "training takes long")]), "text/vtt")
    sites.add(BLOG, f"<html lang=en><title>Gradients</title><article><p>{ARTICLE}</p></article></html>")
    sites.add(FEED, answer_feed, "application/rss+xml")
    sites.add(f"{SHOW}/1.vtt", webvtt("tokenizers cut words into pieces"), "text/vtt")
    return sites


def answer_feed(request: Request) -> Response:
    episode = item("On tokens", transcript(f"{SHOW}/1.vtt"))
    response = Response(feed(episode), content_type="application/rss+xml", headers={"ETag": '"1"'})
    return response.make_conditional(request)


def lists(workshop: Workshop) -> list[Path]:
    """A list of the web and of files, browser bookmarks, a table, a bibliography, and feeds."""
    files = workshop.folder / "files"
    chapter = xhtml("<h1>Optimizers</h1><p>Momentum carries the descent across flat regions of the loss.</p>")
    slide = shape("Regularization") + shape("Dropout silences neurons at random")
    for name, data in {
        "book.epub": epub({"c1.xhtml": chapter}),
        "report.docx": docx(paragraph("Evaluation", "Heading1"), paragraph("Perplexity measures surprise per token.")),
        "deck.pptx": pptx(shape("Intro"), slide, notes={2: shape("一半的神经元被关闭", placeholder="body")}),
        "talk.vtt": TALK.encode(),
        "note.md": b"# Embeddings\n\nVectors of words with a like meaning lie close together.",
    }.items():
        (files / name).parent.mkdir(parents=True, exist_ok=True)
        (files / name).write_bytes(data)
    bookmark = f'<!DOCTYPE NETSCAPE-Bookmark-file-1><DL><DT><H3>Blogs</H3><DL><DT><A HREF="{BLOG}">G</A></DL></DL>'
    outline = f'<opml version="2.0"><body><outline text="Shows" xmlUrl="{FEED}"/></body></opml>'
    return [
        files,
        workshop.write("list.md", f"# 课\n\n<{BILIBILI}>\n\n# Pages\n\n{PAGE}\n"),
        workshop.write("bookmarks.html", bookmark),
        workshop.write("saved.csv", f"title,url\nA talk,{VIMEO}\n"),
        workshop.write("feeds.opml", outline),
    ]


ASKED = (
    ("what does momentum do?", Kind.DOCUMENT, "book.epub#c1.xhtml"),
    ("what does perplexity measure?", Kind.DOCUMENT, "report.docx"),
    ("哪些神经元被关闭？", Kind.DOCUMENT, "deck.pptx#page=2"),
    ("what are vectors of like meaning?", Kind.DOCUMENT, "note.md"),
    ("缓存什么？", Kind.RECORDING, "talk.vtt#t=10"),
    ("掩码遮住什么", Kind.VIDEO, f"{BILIBILI}?t=5"),
    ("what does the mask hide?", Kind.VIDEO, f"{VIMEO}#t=5s"),
    ("how long does training take?", Kind.VIDEO, f"{LECTURE}#t=3"),
    ("what does a residual connection do to gradients?", Kind.PAGE, f"{BLOG}#:~:text=Gradients"),
    ("how are words cut into pieces?", Kind.RECORDING, f"{SHOW}/1.mp3#t=0"),
)


def test_each_kind_is_found_at_its_place_and_the_second_build_fetches_nothing_that_is_the_same(
    workshop: Workshop, sites: FakeSites
) -> None:
    sources = lists(workshop)
    workshop.build(*sources, web=sites.web())
    assert {status.state for status in workshop.statuses().values()} == {State.INDEXED}
    for question, kind, place in ASKED:
        moments = seekpoint.ask(question, workshop.library, encoder=workshop.encoder, kind=kind, k=20).moments
        assert any(place in moment.link for moment in moments), question
    [by_ada] = seekpoint.ask("positions", workshop.library, encoder=workshop.encoder, speaker="ada").moments
    assert (by_ada.speaker, by_ada.start) == ("Ada", 1.0)
    before = workshop.content()
    sites.requests.clear()
    report = workshop.build(*sources, web=sites.web(), later=0.9 * DAY)
    assert (report.updated, workshop.encoder.embedded) == (0, [])
    assert sites.requests == [ROBOTS, FEED], "whether it has changed"
    assert workshop.content() == before
    sites.requests.clear()
    assert workshop.build(*sources, web=sites.web(), later=2 * DAY).updated == 0
    assert [each for each in sites.requests if "robots" not in each] == [FEED, PAGE, BLOG], "texts, once a day"


PARSERS = (
    parse_captions,
    parse_document,
    parse_feed,
    parse_list,
    parse_transcript,
    read_video,
    subtitles._subtitles_in,
    chapters._chapters_in,
)


def test_nothing_that_others_wrote_is_parsed_in_the_process_of_the_build(workshop: Workshop, sites: FakeSites) -> None:
    films = workshop.folder / "films"
    films.mkdir()
    film(films / "masks.mkv", ("eng", [(0.0, 2.0, "the mask hides")]))
    called = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        called.add(frame.f_code)

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        workshop.build(*lists(workshop), films, web=sites.web())
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    assert {status.state for status in workshop.statuses().values()} == {State.INDEXED}
    assert Sandbox.call.__code__ in called
    assert not [parser.__name__ for parser in PARSERS if parser.__code__ in called]


def build_all(sources: list[Path], library: Path, web: tuple[str, ...], ended: Path) -> None:
    """Build in a process that may be ended at any moment; `ended` is left at the end."""
    signal(SIGINT, default_int_handler)  # which is ignored where the tests run in the background
    options = BuildOptions([*map(str, sources)], pace=0, translate=False)
    build(options, library, Sources.through(LocalWeb(*web), options), encoder=TopicEncoder())
    ended.touch()


def held(library: Path) -> tuple[set[tuple[object, ...]], object]:
    """Each entry with its standing and its passages, and all answers; nothing of a library that isn't there yet."""
    entries: set[tuple[object, ...]] = set()
    answers = []
    with suppress(LibraryNotFound), EmbeddedReader.open(library) as reader:
        reader.verify()
        entries |= {(each.id, each.title, each.state, each.reason, each.chunks) for each in reader.statuses()}
        for question, *_ in ASKED:
            moments = ask(question, reader, encoder=TopicEncoder(), k=20).moments
            answers.append(sorted((each.score, each.link, each.quote) for each in moments))  # equal ones in any order
    return entries, answers


@pytest.mark.slow
@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.nightly)])
def test_a_build_that_is_ended_at_any_time_ends_like_an_undisturbed_one(
    workshop: Workshop, sites: FakeSites, kills: int
) -> None:
    sources, ended, web = lists(workshop), workshop.folder / "ended", sites.where()

    def run(library: Path, end: int = 0, after: float = 60.0) -> float:
        """Build, and send a signal after so many seconds; returns how many it took."""
        ended.unlink(missing_ok=True)
        began = time.monotonic()
        process = PROCESSES.Process(target=build_all, args=(sources, library, web, ended))
        process.start()
        process.join(after)
        if process.is_alive() and end:
            assert process.pid
            os.kill(process.pid, end)
        process.join(60)
        assert not process.is_alive()
        return time.monotonic() - began

    def interrupt(library: Path, end: int, after: float) -> None:
        """End a build, earlier with each try, until one didn't end by itself."""
        run(library, end, after)
        while ended.exists():
            assert after > 0.01
            after *= 0.8
            rmtree(library)
            run(library, end, after)

    undisturbed = workshop.folder / "undisturbed"
    seconds = run(undisturbed)
    expected = held(undisturbed)
    seed = int(os.environ.get("SEED") or Random().randrange(1 << 32))
    logging.warning("SEED=%d repeats these kills", seed)  # pytest shows this where the test fails
    chance = Random(seed)
    for kill in range(kills):
        library = workshop.folder / f"killed {kill}"
        end = SIGKILL if kill % 2 else chance.choice((SIGTERM, SIGINT))
        interrupt(library, end, seconds * (kill + chance.random()) / kills)
        entries, _ = held(library)
        assert {entry[0] for entry in entries} <= {entry[0] for entry in expected[0]}
        assert {entry for entry in entries if entry[2] is State.INDEXED and entry[4]} <= expected[0]
        run(library)
        assert ended.exists()
        assert held(library) == expected
        assert is_tidy(library)
