"""Whole builds: what is read, fetched and stored of lists with captions, texts and recordings."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

import seekpoint
from seekpoint.file_formats import DOCUMENTS
from seekpoint.index.embedded.embedded_reader import EmbeddedReader
from seekpoint.index.errors import SourceError
from seekpoint.index.open import open_reader, open_writer
from seekpoint.index.text.terms import terms
from seekpoint.index.types import Chapter, Kind, Origin, State
from seekpoint.indexer.pipeline import build_report
from seekpoint.indexer.pipeline.planner import Step
from seekpoint.indexer.reading_list.addresses import resource_of
from seekpoint.query.search import pipeline
from seekpoint.query.search.settings import AskOptions
from tests.fakes import TopicEncoder
from tests.indexer.builds import Workshop, resource_at, webvtt
from tests.indexer.sources.archives.samples import docx, epub, paragraph, pptx, shape
from tests.indexer.sources.recordings.films import film, sound
from tests.paths import ROOT
from tests.shared import SHARED, needs_shared

EN, ZH = "english0001", "zhongwen001"
ATTENTION = ("attention weighs the words", "the mask hides what comes later", "position tells the order")


def link(video_id: str, title: str = "") -> str:
    return f"- [{title}](https://youtu.be/{video_id})\n"


def talks(workshop: Workshop) -> Path:
    """An English and a Chinese talk, with captions."""
    workshop.write(f"captions/Attention explained [{EN}].en.vtt", webvtt(*ATTENTION))
    workshop.write(f"captions/注意力机制 [{ZH}].zh.vtt", webvtt("注意力给每个词一个权重", "掩码遮住后面的词"))
    return workshop.write("list.md", f"# Talks\n## Basics 基础\n{link(EN, 'Attention')}\n{link(ZH, '注意力')}")


def test_of_two_files_in_a_language_one_is_used_and_reported_once(workshop: Workshop) -> None:
    list_file = talks(workshop)
    folder = workshop.write(f"captions/Other [{EN}].en.srt", webvtt("the cache")).parent
    workshop.build(list_file, captions=folder)
    left_out = f'captions "Other [{EN}].en.srt": left out, "Attention explained [{EN}].en.vtt" has the same language'
    assert workshop.events.lines == [left_out]
    workshop.build(list_file, captions=folder)
    assert workshop.events.lines == []
    workshop.write(f"captions/Attention explained [{EN}].en.vtt", "damaged 损坏")
    workshop.build(list_file, captions=folder)
    assert workshop.encoder.embedded == ["the cache"]
    assert ["no cue found" in line and "indexed without it" in line for line in workshop.events.lines] == [True]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every name of a file is text")
def test_files_with_undecodable_names(workshop: Workshop) -> None:
    list_file = talks(workshop)
    captions = workshop.folder / "captions"
    name = os.fsdecode("讲座".encode("gbk"))
    workshop.write(f"captions/{name} [{EN}].en.srt", webvtt("the cache"))
    workshop.write(f"captions/{name}.zh.vtt", webvtt("掩码"))
    report = workshop.build(list_file, captions, captions=captions)
    assert (report.states[State.INDEXED], report.states[State.UNAVAILABLE]) == (2, 1)
    assert [status.reason for status in workshop.statuses().values() if "rename it" in (status.reason or "")]
    for source in (workshop.write(f"{name}.md", link(EN)), workshop.write(f"{name}/a.en.vtt", webvtt("x")).parent):
        with pytest.raises(SourceError, match=r"can't be read as text: rename it"):
            workshop.build(source)


def test_captions_without_words_harm_nothing_indexed(workshop: Workshop) -> None:
    list_file, folder = talks(workshop), workshop.folder / "captions"
    workshop.build(list_file, captions=folder)
    before = workshop.statuses()
    workshop.write(f"captions/注意力机制 [{ZH}].zh.vtt", "WEBVTT\n\n00:99")
    report = workshop.build(list_file, captions=folder)
    assert (report.updated, report.states[State.INDEXED]) == (0, 2)
    assert workshop.statuses() == before
    (line,) = workshop.events.lines
    assert line.startswith("注意力: kept as it was") and "no cue found" in line


def test_captions_without_a_language_are_in_that_of_their_words(workshop: Workshop) -> None:
    folder = workshop.write(f"captions/注意力 [{ZH}].vtt", webvtt("大家好，今天我们讲掩码：掩码遮住后面的词")).parent
    workshop.build(workshop.write("list.md", link(ZH)), captions=folder, languages=["zh"])
    assert workshop.ask("掩码遮住什么？", language="zh")[0].language == "zh"


def test_languages_add_and_restrict(workshop: Workshop) -> None:
    folder = workshop.write(f"captions/T [{EN}].en.vtt", webvtt(*ATTENTION)).parent
    workshop.write(f"captions/T [{EN}].zh-TW.srt", webvtt("注意力給每個詞一個權重").removeprefix("WEBVTT"))
    for languages, indexed, embedded in [
        ((), ("en", "zh-TW"), 2),
        (("zh",), ("zh-TW",), 0),
        (("zh", "en"), ("en", "zh-TW"), 1),
    ]:
        report = workshop.build(f"https://youtu.be/{EN}", captions=folder, languages=languages)
        assert (workshop.statuses()[EN].languages, report.embedded) == (indexed, embedded)
    report = workshop.build(f"https://youtu.be/{EN}", captions=folder, languages=["de"])
    assert (report.updated, workshop.statuses()[EN].languages, workshop.asked()) == (0, ("en", "zh-TW"), [])


def test_resources_that_no_list_names_stay_until_they_are_pruned(workshop: Workshop) -> None:
    talks(workshop)
    captions = workshop.folder / "captions"
    old = workshop.write("old.txt", f"https://youtu.be/{EN} https://youtu.be/{ZH}")
    other = workshop.write("other.md", f"## Other\n{link('another0001')}")
    workshop.build(old, other, captions=captions)
    new = old.rename(old.with_name("新.txt"))
    new.write_text(f"https://youtu.be/{EN}", "utf-8")
    report = workshop.build(new, captions=captions)
    assert (report.resources, report.removed, set(workshop.statuses())) == (1, 0, {EN, ZH, "another0001"})
    report = workshop.build(new, captions=captions, prune=True)
    assert (report.removed, set(workshop.statuses()), workshop.encoder.embedded) == (1, {EN, "another0001"}, [])
    assert [line for line in workshop.events.lines if "old.txt is no longer there" in line]
    other.write_text(f"## Other\n{link(EN)}", "utf-8")
    assert workshop.build(other, captions=captions).removed == 0
    new.write_text("<https://a.org/page>", "utf-8")
    assert workshop.build(new, captions=captions, prune=True).removed == 0, "another list names it"
    assert workshop.statuses()[EN].resource.sections == (("Other",),)


def test_resources_of_a_list_on_a_missing_disk_are_not_pruned(workshop: Workshop) -> None:
    talks(workshop)
    lists = [
        workshop.write("disk/list.txt", f"https://youtu.be/{EN}"),
        workshop.write("b.txt", f"https://youtu.be/{ZH}"),
    ]
    workshop.build(*lists, captions=workshop.folder / "captions")
    lists[0].parent.rename(workshop.folder / "elsewhere")
    lists[1].write_text("<https://a.org/page>", "utf-8")
    assert workshop.build(lists[1], prune=True).removed == 1
    assert workshop.statuses()[EN].state is State.INDEXED


def test_a_source_that_cannot_be_read_leaves_no_library_behind(workshop: Workshop) -> None:
    with pytest.raises(SourceError):
        workshop.build(talks(workshop), workshop.folder / "missing.md")
    with pytest.raises(SourceError, match=r"terms\.tsv, line 1: write a term, a tab"):
        workshop.build(talks(workshop), glossary=workshop.write("terms.tsv", "no tab here"))
    assert not workshop.library.exists()


@pytest.mark.slow
def test_a_glossary_is_kept_for_later_builds(workshop: Workshop) -> None:
    captions = workshop.write(f"captions/T [{EN}].en.vtt", webvtt("welcome", "the cross entropy loss")).parent
    listed = workshop.write("list.md", f"<https://youtu.be/{EN}>")
    glossary = workshop.write("terms.tsv", "交叉熵损失\tcross entropy loss; log loss\n")
    workshop.build(listed, captions=captions, glossary=glossary)
    with open_reader(workshop.library) as library:
        assert library.translations("zh", ["交叉熵损失"]) == {"en": {"交叉熵损失": (("cross", "entropi", "loss"),)}}
    before = workshop.content()
    seekpoint.build(listed, workshop.library, captions=captions, encoder=workshop.encoder)
    assert workshop.content() == before, "the same dictionaries and the same glossary"


def test_the_title_of_a_list_comes_before_the_name_of_a_file(workshop: Workshop) -> None:
    folder = workshop.write("a/talk.en.vtt", webvtt("attention")).parent
    workshop.write("a/1_of_7 [aaaaaaaaaaa].zh.vtt", webvtt("掩码"))
    workshop.write("a/silent.mp3", "")
    listed = workshop.write("b.md", "[A fine talk](a/talk.en.vtt)\n[掩码入门](https://youtu.be/aaaaaaaaaaa)\n")
    workshop.build(folder)
    assert {status.title for status in workshop.statuses().values()} == {"1_of_7", "silent", "talk"}
    workshop.build(listed)
    workshop.build(folder)
    assert {status.title for status in workshop.statuses().values()} == {"A fine talk", "silent", "掩码入门"}


def test_captions_that_are_too_large_or_empty_are_refused_and_harm_no_other(workshop: Workshop) -> None:
    folder = workshop.write("talks/good.en.vtt", webvtt("attention")).parent
    for name in ("huge.zh.vtt", "both.zh.vtt", "both.en.json3"):
        with (folder / name).open("wb") as file:
            file.truncate(1 << 40)  # takes no room on the disk, and could not be read
    workshop.write("talks/both.en.json3", webvtt("the mask 掩码"))
    workshop.write("talks/empty.zh.vtt", "")
    workshop.write("talks/without words.zh.vtt", webvtt(" ", "\u200b"))
    report = workshop.build(folder)
    assert (report.states[State.INDEXED], report.states[State.NO_TRANSCRIPT]) == (2, 3)
    too_much = "1099512 MB are too much (at most 20 MB): split it"
    reasons = {status.resource.title: status.reason for status in workshop.statuses().values()}
    assert reasons["huge"] == f'captions "huge.zh.vtt": {too_much}'
    assert 'captions "empty.zh.vtt": the file is empty' in (reasons["empty"] or "")
    assert workshop.events.lines == [f'captions "both.zh.vtt": {too_much}; indexed without it']
    before = workshop.content()
    assert (workshop.build(folder).updated, workshop.content()) == (0, before)


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


def test_a_page_answers_with_a_link_to_the_sentence_and_is_requested_again_after_a_day(workshop: Workshop) -> None:
    workshop.fake.add_site(PAGE, MASKS)
    source = workshop.write("list.md", f"## Blogs\n- [Attention]({PAGE})")
    assert workshop.build(source).states[State.INDEXED] == 1
    (status,) = workshop.statuses().values()
    assert (status.resource.kind, status.languages, status.transcript) == (Kind.PAGE, ("en",), Origin.MANUAL)
    assert status.seconds == 0
    moment = workshop.ask("what does a mask hide?")[0]
    assert (moment.start, moment.end, moment.page, moment.chapter) == (None, None, None, "Masks")
    assert moment.link.startswith(f"{PAGE}#masks:~:text=")
    assert "rights" not in moment.quote and "Home" not in moment.quote
    for hours, asked in {23: [], 25: [("site", PAGE)], 26: []}.items():
        assert workshop.build(source, later=hours * HOUR).updated == 0
        assert (workshop.fake.requests, workshop.events.lines) == (asked, [])


def test_changes_of_a_page_are_reported_and_only_they_are_embedded(workshop: Workshop) -> None:
    long_page = [f"Attention and the softmax, part {n}: " + "the weights add up to one. " * 30 for n in range(8)]
    workshop.fake.add_site(PAGE, article(*long_page))
    source = workshop.write("list.md", f"[Attention]({PAGE})")
    workshop.build(source)
    embedded = len(workshop.encoder.embedded)
    longer = article(*long_page, "A cache of 缓存 keeps the keys and the values of earlier tokens.")
    workshop.fake.add_site(PAGE, longer)
    report = workshop.build(source, later=2 * DAY)
    assert report.updated == 1
    assert workshop.events.lines == ["Attention: changed, 1 new sentence, 0 gone"]
    assert 0 < len(workshop.encoder.embedded) < embedded / 2
    assert "cache" in workshop.ask("cache")[0].quote


def test_an_article_that_is_gone_without_an_error_is_kept_with_the_reason(workshop: Workshop) -> None:
    said = "Part {} says: the mask hides what comes later, and the cache keeps the keys. " * 3
    workshop.fake.add_site(PAGE, article(*(said.format(n, n, n) for n in range(9))))
    source = workshop.write("list.md", f"[Attention]({PAGE})")
    workshop.build(source)
    bodies = (
        "<title>Attention</title><p>We are moving. Come back in June!</p>",
        f"<title>Page not found | Blog</title><h1>Oops!</h1><p>{'Have a look at our other posts. ' * 20}</p>",
        f"<title>页面不存在 - 博客</title><h1>抱歉</h1><p>{'请看看我们的其他文章，也许您会喜欢。' * 20}</p>",
    )
    for later, body in enumerate(bodies, 1):
        workshop.fake.add_site(PAGE, f"<html lang='en'><head></head><body>{body}</body></html>")
        report = workshop.build(source, later=2 * later * DAY)
        (status,) = workshop.statuses().values()
        assert (report.updated, status.state) == (0, State.INDEXED)
        (line,) = workshop.events.lines
        assert status.reason and status.reason in line and "kept as it was" in line
        assert status.retry_after == pytest.approx(time.time() + (2 * later + 1) * DAY, abs=60)
    assert "mask" in workshop.ask("what does a mask hide?")[0].quote
    workshop.build(source, later=6 * DAY + HOUR)
    assert workshop.fake.requests == []
    workshop.fake.add_site(PAGE, MASKS)
    assert workshop.build(source, later=8 * DAY).updated == 1, "one that was shortened is taken"
    assert next(iter(workshop.statuses().values())).reason is None


@pytest.mark.slow
@needs_shared
def test_a_paper_opens_at_its_page_and_is_never_fetched_again(workshop: Workshop) -> None:
    address = "https://arxiv.org/pdf/1706.03762"
    workshop.fake.add_site(address, (SHARED / "resources" / "1706.03762.pdf").read_bytes(), "application/octet-stream")
    source = workshop.write("list.md", "[论文](https://arxiv.org/abs/1706.03762v7)")
    workshop.build(source)
    (status,) = workshop.statuses().values()
    assert (status.resource.kind, status.state, status.languages) == (Kind.PAPER, State.INDEXED, ("en",))
    moment = workshop.ask("how is the position encoded?")[0]
    assert moment.page is not None and moment.link == f"{address}#page={moment.page}"
    with EmbeddedReader.open(workshop.library) as library:
        (transcript,) = library.transcripts(status.id)
        flagged = [cue for cue in transcript.cues if cue.is_reference]
        assert len(flagged) >= 40
        moments = pipeline.ask(flagged[3].text, library, TopicEncoder(), AskOptions(100)).moments
    is_reference = [any(moment.quote.startswith(cue.text) for cue in flagged) for moment in moments]
    assert any(is_reference) and not all(is_reference)
    assert is_reference == sorted(is_reference), "all text comes before"
    workshop.build(source, later=99 * DAY, retry=True)
    assert workshop.fake.requests == []


@pytest.mark.parametrize("order", [1, -1])
def test_a_paper_has_its_own_words_where_a_doi_leads_to_its_abstract(workshop: Workshop, order: int) -> None:
    paper = (ROOT / "examples" / "texts" / "shared-keys.pdf").read_bytes()
    doi, abstract = "https://doi.org/10.48550/arXiv.1706.03762", "https://arxiv.org/abs/1706.03762"
    workshop.fake.add_redirect(doi, abstract, 302)
    workshop.fake.add_site(abstract, MASKS)
    workshop.fake.add_site(abstract.replace("abs", "pdf"), paper, "application/pdf")
    workshop.build(workshop.write("list.md", listed(*[doi, abstract][::order])))
    with EmbeddedReader.open(workshop.library) as library:
        pages = [cue.page for cue in library.transcripts(resource_at(abstract).id)[0].cues]
    assert pages and all(pages), "the abstract has no pages"


def test_a_document_has_its_own_title_and_one_path_however_it_is_spelt(workshop: Workshop) -> None:
    workshop.write(
        "notes/笔记.md", "# 注意力\n\n掩码遮住后面的词元，这样模型就看不到答案。\n\n## 缓存\n\n缓存保存之前的键和值。"
    )
    workshop.write("notes/plain.txt", "The softmax turns scores into weights.\n\nPositions are added to the tokens.\n")
    workshop.write("notes/saved page.html", MASKS)
    workshop.build(workshop.folder / "notes")
    kinds = {status.resource.title: status.resource.kind for status in workshop.statuses().values()}
    assert kinds == dict.fromkeys(("注意力", "plain", "On attention"), Kind.DOCUMENT), "its own title, else the file's"
    moment = workshop.ask("缓存")[0]
    assert (moment.resource.title, moment.language, moment.chapter) == ("注意力", "zh", "缓存")
    assert moment.link == (workshop.folder / "notes" / "笔记.md").resolve().as_uri()
    workshop.write("notes/plain.txt", "Tokens.")
    assert workshop.build(workshop.folder / "notes").updated == 1, "one's own may become short"
    assert workshop.build(workshop.folder / "notes" / ".." / "notes").updated == 0
    assert len(workshop.statuses()) == 3


def test_files_of_a_list_that_are_gone_are_told_until_they_are_back(workshop: Workshop) -> None:
    note = workshop.write("notes/笔记.md", "# 掩码\n\n掩码遮住后面的词。")
    talk = workshop.write("talks/讲座.ogg", "OggS")
    captions = workshop.write("talks/讲座.zh.vtt", webvtt("缓存保存之前的键和值"))
    file = workshop.write("list.md", "- [note](notes/笔记.md)\n- [talk](talks/讲座.ogg)\n")
    assert not workshop.build(file).outdated
    whole = workshop.statuses()
    for is_talk in (False, True):
        away = talk if is_talk else note
        away.rename(workshop.folder / "away")
        if is_talk:
            captions.rename(workshop.folder / "captions")
        told = "there is no file"
        told_by_dry_run = [str(each.reason) for each in workshop.preview(file).refused if each.state is State.INDEXED]
        report = workshop.build(file)
        (status,) = (each for each in workshop.statuses().values() if each.reason)
        assert (report.outdated, report.states[State.INDEXED]) == ((status.id,), 2), "its text stays"
        assert told in str(status.reason) and told_by_dry_run == [status.reason]
        assert [told in line and "kept as it was" in line for line in workshop.events.lines] == [True]
        assert workshop.build(file).outdated and not workshop.events.lines, "it is told once by itself"
        (workshop.folder / "away").rename(away)
        if is_talk:
            (workshop.folder / "captions").rename(captions)
        assert not workshop.build(file).outdated and not workshop.encoder.embedded
        assert workshop.statuses() == whole
    captions.unlink()
    assert not workshop.build(file).outdated, "all that was said is there, and the recording plays"


def test_a_damaged_file_is_told_until_it_is_whole(workshop: Workshop) -> None:
    note, file = workshop.write("笔记.md", "# 掩码\n\n掩码遮住后面的词。"), workshop.write("list.md", "[note](笔记.md)")
    workshop.build(file)
    whole = note.stat()
    note.rename(workshop.folder / "whole")
    workshop.build(file)
    note.write_bytes(b"\0\1\2" * 90)
    assert workshop.build(file).outdated
    (status,) = workshop.statuses().values()
    assert status.reason and "there is no file" not in status.reason
    (workshop.folder / "whole").rename(note)
    assert note.stat().st_mtime_ns == whole.st_mtime_ns and not workshop.build(file).outdated


def test_a_question_may_name_a_note_by_an_alias_of_its_front_matter(workshop: Workshop) -> None:
    front = "---\ntitle: Softmax\naliases: [Soft maximum, 归一化指数函数]\n---\n"
    note = workshop.write("notes/s.md", f"{front}It turns scores into weights.")
    workshop.build(note.parent)
    (status,) = workshop.statuses().values()
    assert (status.title, status.details.aliases) == ("Softmax", ("Soft maximum", "归一化指数函数"))
    with open_reader(workshop.library) as reader:
        for said in ("what does the soft maximum do", "归一化指数函数有什么用？"):
            assert [key for key, _ in reader.titles(terms(said))] == [status.id], said
        reader.verify()


def test_books_documents_and_slides_are_read_from_the_web(workshop: Workshop) -> None:
    contents = [
        epub({"ch1.xhtml": '<h1 id="m">掩码</h1><p>掩码遮住后面的词元，这样模型就看不到答案。</p>'}),
        docx(paragraph("Letters", "1"), paragraph("A cache keeps the keys and the values of before.")),
        pptx(shape("Start"), shape("Position", placeholder="title") + shape("Positions are added to it.")),
    ]
    types = ("application/zip", "application/octet-stream", *DOCUMENTS[-1].media_types)
    addresses = [f"https://files.example.org/{number}" for number in range(3)]
    for address, data, content_type in zip(addresses, contents, types, strict=True):
        workshop.fake.add_site(address, data, content_type)
    workshop.build(source := workshop.write("list.md", " ".join(addresses)))
    found = workshop.statuses().values()
    assert {(status.state, status.resource.kind) for status in found} == {(State.INDEXED, Kind.DOCUMENT)}
    assert [status.title for status in found] == ["书 A book", "Letters", "Start"]
    moment = workshop.ask("position")[0]
    assert (moment.page, moment.link) == (2, f"{addresses[2]}#page=2")
    assert workshop.build(source, later=2 * DAY).updated == 0, "they are looked at as pages are"


def test_subtitles_inside_a_film_are_its_captions_if_it_has_none_beside_it(workshop: Workshop) -> None:
    said = ((1.0, 2.5, "现在掩码遮住未来，模型看不到答案。"), (3.0, 4.0, "谢谢大家。"))
    path = film(workshop.write("films/讲座.mkv", ""), ("chi", said))
    film(path.with_name("silent.mkv"))
    workshop.build(path.parent)
    states = {status.title: (status.state, status.languages) for status in workshop.statuses().values()}
    assert states == {"讲座": (State.INDEXED, ("zh",)), "silent": (State.NO_TRANSCRIPT, ())}
    moment = workshop.ask("掩码遮住什么")[0]
    assert moment.link == f"{path.resolve().as_uri()}#t=1"
    assert workshop.build(path.parent).updated == 0
    workshop.write("films/讲座.en.vtt", webvtt("The mask hides the future."))
    assert workshop.build(path.parent).updated == 1
    assert {status.languages for status in workshop.statuses().values()} == {("en",), ()}


def test_chapters_inside_a_recording_are_its_own(workshop: Workshop) -> None:
    path = sound(workshop.write("sounds/讲座.m4b", ""), (0.0, "Opening"), (2.0, "掩码"))
    workshop.write("sounds/讲座.zh.vtt", webvtt("现在掩码遮住未来，模型看不到答案。", "谢谢大家。"))
    workshop.build(path.parent)
    (status,) = workshop.statuses().values()
    assert status.details.chapters == status.chapters == (Chapter(0.0, "Opening"), Chapter(2.0, "掩码"))
    sound(path, (0.0, "Another cut"), (3.0, "重剪"))
    workshop.write("sounds/讲座.zh.vtt", webvtt("新的一讲没有掩码。"))
    workshop.build(path.parent)
    (status,) = workshop.statuses().values()
    assert [chapter.title for chapter in status.details.chapters] == ["Another cut", "重剪"]


def test_a_file_of_a_kind_that_is_not_read_says_so(workshop: Workshop) -> None:
    names = ("passwd", "图.jpg", "数据.json", "讲义.odp", "book.mobi")
    for name in names:
        (workshop.folder / name).write_bytes(b"\xff\xd8\xff\0")
    workshop.write("page", f"<html><body><p>{'注意力给每个词一个权重。' * 9}</p></body></html>")
    links = (f"- [x]({(workshop.folder / name).as_uri()})\n" for name in (*names, "page"))
    workshop.build(workshop.write("list.md", "".join(links)))
    *refused, page = workshop.statuses().values()
    assert page.state is State.INDEXED, "a page without a suffix is told by its contents"
    remedy = "convert it to PDF or text"
    assert [str(status.reason) for status in refused] == [
        *(f"{name} is of a kind that isn't read: {remedy}" for name in names[:3]),
        *(f"{suffix} files aren't read yet: {remedy}" for suffix in (".odp", ".mobi")),
    ]


LISTS = "https://lists.example"
SITE = "https://www.blog.example/attention/"
SPELLINGS = ("http://blog.example/attention", "https://blog.example/attention", "https://www.blog.example/attention")
VIDEO = "aaaaaaaaaaa"
WATCH = f"https://www.youtube.com/watch?v={VIDEO}"
SHORT = "https://t.example/x"


def listed(*addresses: str) -> str:
    """A list with each address under a heading of its own."""
    return "# 列表\n\n" + "\n".join(f"## 第{n}节\n- <{address}>\n" for n, address in enumerate(addresses))


def sections(*numbers: int) -> tuple[tuple[str, ...], ...]:
    return tuple((f"第{n}节",) for n in numbers)


def only(workshop: Workshop) -> tuple[str, tuple[tuple[str, ...], ...]]:
    (status,) = workshop.statuses().values()
    return status.url, status.sections


def quotes(workshop: Workshop) -> list[str]:
    return [moment.link for moment in workshop.ask("what does a mask hide?")]


@pytest.fixture
def intranet() -> Iterator[HTTPServer]:
    """A server of this machine that no list from the web may name."""
    with HTTPServer("127.0.0.1", 0) as server:
        server.expect_request("/robots.txt").respond_with_data(status=404)
        server.expect_request("/secret").respond_with_data(MASKS, content_type="text/html")
        yield server


def test_a_list_from_the_web_names_no_private_address(workshop: Workshop, intranet: HTTPServer) -> None:
    secret = intranet.url_for("/secret")
    metadata, router = "http://169.254.169.254/latest/meta-data/", "http://192.168.0.1/"
    by_name = f"http://localhost:{intranet.port}/secret"
    workshop.fake.add_site(f"{LISTS}/list.md", listed(secret, by_name, metadata, router), "text/markdown")
    workshop.build(f"{LISTS}/list.md")
    assert intranet.log == []
    for status in workshop.statuses().values():
        assert status.state is State.UNAVAILABLE
        assert status.reason and "in a private network, which neither a list from the web nor" in status.reason


def test_a_list_on_this_machine_may_name_a_private_address(workshop: Workshop, intranet: HTTPServer) -> None:
    secret = intranet.url_for("/secret")
    workshop.fake.add_site(f"{LISTS}/list.md", listed(secret), "text/markdown")
    workshop.build(f"{LISTS}/list.md")
    report = workshop.build(workshop.write("list.md", listed(secret)), f"{LISTS}/list.md")
    assert report.states[State.INDEXED] == 1
    workshop.build(secret, later=2 * DAY)
    assert [request.path for request, _ in intranet.log].count("/secret") == 2
    workshop.build(f"{LISTS}/list.md", later=4 * DAY)
    assert [request.path for request, _ in intranet.log].count("/secret") == 2
    assert "kept as it was" in workshop.events.lines[0] and quotes(workshop)


def test_a_build_and_a_dry_run_say_what_lists_leave_out(workshop: Workshop) -> None:
    workshop.fake.add_site(SITE, MASKS)
    head = "<!DOCTYPE NETSCAPE-Bookmark-file-1><DL><p><DT><H3>书签</H3><DL><p>"
    sources = [
        workshop.write("b.html", f'{head}<DT><A HREF="{SITE}">掩码</A><DT><A HREF="javascript:x">x</A></DL></DL>'),
        workshop.write("t.csv", f"title,url,folder\n掩码,{SITE},表格\nnone,,\n"),
    ]
    workshop.build(*sources)
    assert only(workshop) == (SITE, (("书签",), ("表格",)))
    remarks = [
        f"{sources[0]}: 1 of 2 entries left out: 1 javascript:",
        f"{sources[1]}: 1 of 2 entries left out: 1 without an address",
    ]
    assert workshop.events.lines == remarks
    planned = workshop.preview(*sources)
    assert (planned.steps[Step.NOTHING], planned.remarks) == (1, tuple(remarks))
    assert build_report.outlook(planned, 5.0).endswith("\n".join(remarks))


@pytest.mark.parametrize(("code", "order"), [(301, 1), (302, 1), (302, -1)])
def test_the_spellings_of_an_address_are_one_resource_and_asked_once_each(
    workshop: Workshop, code: int, order: int
) -> None:
    post = "https://blog.example/文章"
    spellings = ["http://blog.example/文章", post, f"{post}/", "http://www.blog.example/文章"]
    also = ["https://BLOG.example:443/文章#top", f"{post}?utm_source=a&msclkid=b&mc_cid=c&fbclid"]
    for address, target in ((spellings[0], post), (post, f"{post}/"), (spellings[3], spellings[0])):
        workshop.fake.add_redirect(address, target, code)
    workshop.fake.add_site(f"{post}/", MASKS)
    source = workshop.write("list.md", listed(*spellings[::order], *also))
    assert workshop.preview(source).steps[Step.FETCH] == 4
    report = workshop.build(source)
    assert sorted(workshop.asked("site")) == sorted(spellings)
    assert (report.entries, report.resources, report.updated) == (6, 1, 1)
    (status,) = workshop.statuses().values()
    assert status.state is State.INDEXED and len(status.sections) == 6
    canonical = {resource.url for resource in map(resource_of, spellings) if resource}
    assert {*status.listed, status.url} == canonical, "each listed address is found again"
    assert len(quotes(workshop)) == len(set(quotes(workshop)))
    planned, before = workshop.preview(source), workshop.content()
    assert (planned.resources, planned.steps[Step.NOTHING]) == (1, 1)
    workshop.build(source)
    assert workshop.fake.requests == [] and workshop.content() == before


def test_spellings_of_a_page_that_is_not_there_ask_for_it_once(workshop: Workshop) -> None:
    for name in ("a", "乙"):
        workshop.fake.add_redirect(f"{LISTS}/{name}", f"{LISTS}/gone")
    workshop.fake.add_site(f"{LISTS}/gone", "", status=404)
    workshop.build(workshop.write("list.md", listed(f"{LISTS}/a", f"{LISTS}/乙", f"{LISTS}/gone")))
    assert workshop.asked("site") == [f"{LISTS}/a", f"{LISTS}/gone", f"{LISTS}/乙"]
    assert {status.state for status in workshop.statuses().values()} == {State.UNAVAILABLE}


def test_a_site_that_turns_its_redirect_around_stays_one_resource_of_all_lists(workshop: Workshop) -> None:
    source = workshop.write("list.md", f"## 博客\n- [First title]({SPELLINGS[0]})")
    second = workshop.write("b.md", f"## Blogs\n- <{SPELLINGS[0]}>")
    turns = [(SPELLINGS[0], SITE), (SITE, SPELLINGS[0]), (SPELLINGS[0], SPELLINGS[1])]
    for day, (start, end) in enumerate(turns):
        workshop.fake.add_redirect(start, end)
        workshop.fake.add_site(end, MASKS.replace("mask hides", f"mask of day {day} hides"))
        workshop.build(second if day == 1 else source, later=2 * day * DAY)
        (status,) = workshop.statuses().values()
        assert (status.state, status.title) == (State.INDEXED, "First title")
        assert set(status.sections) == ({("博客",), ("Blogs",)} if day else {("博客",)})
    workshop.build(source, second, later=4 * DAY, prune=True)
    assert workshop.fake.requests == []
    assert set(only(workshop)[1]) == {("博客",), ("Blogs",)}
    assert len(quotes(workshop)) == len(set(quotes(workshop)))
    with open_writer(workshop.library) as writer:
        writer.remove(list(workshop.statuses()))
    workshop.build(source)
    assert workshop.asked("site") == [SPELLINGS[0], SPELLINGS[1]], "what was removed is asked at the listed address"


def test_temporary_redirects_to_one_page_are_one_resource_while_they_lead_there(workshop: Workshop) -> None:
    addresses = [f"{LISTS}/{name}" for name in ("a", "b", "c")]
    for address in addresses:
        workshop.fake.add_redirect(address, f"{LISTS}/维护", 302)
    workshop.fake.add_site(f"{LISTS}/维护", MASKS)
    source = workshop.write("list.md", listed(*addresses))
    for later in (0, HOUR, 2 * DAY):
        workshop.build(source, later=later)
        assert only(workshop) == (addresses[0], sections(0, 1, 2)), "a temporary address is no identity"
        assert bool(workshop.fake.requests) == (later != HOUR)
    assert quotes(workshop)[0].startswith(f"{addresses[0]}#")
    for address in addresses:
        workshop.fake.add_site(address, MASKS.replace("mask hides", f"mask of {address[-1]} hides"))
    workshop.build(source, later=4 * DAY)
    found = {status.url: status.sections for status in workshop.statuses().values()}
    assert found == {address: sections(n) for n, address in enumerate(addresses)}


def declaring(canonical: str, words: str = "A mask hides") -> str:
    return MASKS.replace("A mask hides", words).replace("<title>", f"<link rel='canonical' href='{canonical}'><title>")


def test_pages_with_one_canonical_address_and_one_text_are_one_resource(workshop: Workshop) -> None:
    post = "https://blog.example/post"
    variants = [f"{post}?ref=a", f"{post}/amp", post]
    for address in variants:
        workshop.fake.add_site(address, declaring("/post"))
    source = workshop.write("list.md", listed(*variants))
    assert workshop.build(source).updated == 1
    assert only(workshop) == (post, sections(0, 1, 2))
    workshop.build(source, later=2 * DAY)
    assert workshop.asked("site") == [post]
    workshop.fake.add_redirect(post, f"{post}?lang=zh")
    workshop.fake.add_site(f"{post}?lang=zh", declaring(post))
    workshop.build(source, later=4 * DAY)
    assert only(workshop) == (post, sections(0, 1, 2)), "a page that declares the listed address stays there"
    assert workshop.asked("site") == [post, f"{post}?lang=zh"]


def test_a_page_cannot_claim_the_address_of_another_one(workshop: Workshop) -> None:
    """A hostile page of the same site or of another one, and a site that declares one address on all pages."""
    good = "https://blog.example/good"
    claims = {"https://blog.example/evil": "/good", "https://evil.example/": good, "https://blog.example/": "/gone"}
    workshop.fake.add_site(good, MASKS)
    for address, canonical in claims.items():
        workshop.fake.add_site(address, declaring(canonical, f"The mask of {address} hides"))
    copy = "https://evil.example/copy"
    workshop.fake.add_site(copy, declaring(good))
    workshop.build(workshop.write("list.md", listed(*claims, copy, good)))
    statuses = {status.url: status for status in workshop.statuses().values()}
    assert statuses.keys() == {*claims, copy, good}
    assert {status.state for status in statuses.values()} == {State.INDEXED}
    with EmbeddedReader.open(workshop.library) as library:
        (transcript,) = library.transcripts(statuses[good].id)
    assert not any("evil" in cue.text for cue in transcript.cues)


def test_a_short_link_to_a_video_or_playlist_is_that(workshop: Workshop) -> None:
    workshop.fake.add_redirect(SHORT, "https://bit.example/讲座", 302)
    workshop.fake.add_redirect("https://bit.example/讲座", f"https://youtu.be/{VIDEO}?t=30", 301)
    workshop.fake.add_video(VIDEO, "Talk", {"en": [(0.0, 2.0, "the mask hides tokens")]})
    other = "https://t.example/y"
    workshop.fake.add_redirect(other, "https://www.youtube.com/playlist?list=PLshort")
    workshop.fake.add_playlist("PLshort", "讲座", [(VIDEO, "Talk")])
    source = workshop.write("list.md", listed(SHORT, WATCH, other))
    report = workshop.build(source)
    statuses = workshop.statuses()
    assert {name: status.state for name, status in statuses.items()} == dict.fromkeys((VIDEO, "PLshort"), State.INDEXED)
    assert (statuses[VIDEO].kind, report.resources) == (Kind.VIDEO, 2)
    assert statuses[VIDEO].sections == (*sections(0, 1), ("第2节", "讲座"))
    assert workshop.asked("site") == [SHORT, "https://bit.example/讲座", other], "each once"
    workshop.build(source, later=2 * DAY)
    assert workshop.fake.requests and {place for place, _ in workshop.fake.requests} <= {"playlist", "reload"}


def test_a_short_link_asks_nothing_of_youtube_during_a_block(workshop: Workshop) -> None:
    workshop.fake.add_video("bbbbbbbbbbb")
    workshop.fake.make_blocked("bbbbbbbbbbb")
    workshop.build(workshop.write("blocked.md", listed("https://youtu.be/bbbbbbbbbbb")))
    workshop.fake.add_redirect(SHORT, WATCH)
    workshop.fake.add_video(VIDEO, "Talk", {"en": [(0.0, 2.0, "the mask hides tokens")]})
    source = workshop.write("list.md", listed(SHORT))
    report = workshop.build(source)
    assert workshop.asked("site") == [SHORT] and len(workshop.fake.requests) == 1
    status = workshop.statuses()[VIDEO]
    assert (status.state, status.sections, report.resources) == (State.DEFERRED, sections(0), 1)
    assert status.reason and "refused this address" in status.reason
    workshop.build(source, later=2 * DAY)
    assert workshop.statuses()[VIDEO].state is State.INDEXED
    assert workshop.asked("site") == []


def test_what_leads_to_youtube_is_not_asked_for_without_need(workshop: Workshop) -> None:
    other = "https://t.example/y"
    workshop.fake.add_redirect(SHORT, WATCH)
    workshop.fake.add_redirect(other, "https://www.youtube.com/feed/trending")
    workshop.write(f"captions/讲座 [{VIDEO}].en.vtt", webvtt("the mask hides tokens"))
    source = workshop.write("list.md", listed(SHORT, other, "https://www.youtube.com/about/"))
    workshop.build(source, captions=workshop.folder / "captions")
    assert (workshop.fake.requests, workshop.events.lines) == ([("site", SHORT), ("site", other)], [])
    statuses = workshop.statuses()
    assert statuses.pop(VIDEO).state is State.INDEXED
    assert len(statuses) == 2
    for status in statuses.values():
        assert status.state is State.UNAVAILABLE
        assert status.reason and "neither video, playlist nor channel" in status.reason
