"""The pages without a script, their reasons in two languages, and generated chapters on them and in the API."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from html import unescape
from itertools import product
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from lxml.html import fromstring, tostring
from opencc import OpenCC
from starlette.testclient import TestClient

import seekpoint
from seekpoint.index.embedded.embedded_writer import EmbeddedWriter
from seekpoint.index.open import open_keeper, open_writer
from seekpoint.index.reasons import Reason, catalogue
from seekpoint.index.types import Chapter, Cue, Details, KeptMoment, Kind, Resource, ResourceStatus, State
from seekpoint.indexer.reading_list.addresses import resource_of_path
from seekpoint.query.answers import Moment
from seekpoint.query.links import timestamp
from seekpoint.query.transcript_paragraphs import PositionedCue, TranscriptParagraph
from seekpoint.query.web.pages import cut, following, grouped
from seekpoint.query.web.security import AccessPolicy
from seekpoint.query.web.transcript_page import (
    aligned,
    occurrences,
    quote_context,
)
from seekpoint.query.web.translations import WORDS, preferred_language, reason_in, words_in
from seekpoint.query.web.view_models import MomentView
from seekpoint.query.web.workspace import Outcome
from tests.fakes import TopicEncoder
from tests.index.libraries import CARD, SOURCE, embedded, resource
from tests.indexer.sources.archives.samples import pptx, shape
from tests.long_talk import CHINESE, ENGLISH, SECONDS, talk
from tests.noted import note
from tests.query.web.conftest import captioned, opened, serving
from tests.query.web.served import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def links(page: str) -> dict[str, str]:
    return {" ".join(link.text_content().split()): link.get("href") for link in fromstring(page).iter("a")}


def test_a_question_is_answered_within_its_filters_without_a_script(client: TestClient) -> None:
    for question, language, title, quote, lit, unlit in (
        ("What does the mask hide?", "en", "1:20 Masks & more", "a mask hides the future", "mask", "the"),
        ("掩码把什么藏起来？", "zh", "1:20 掩码", "掩码把未来藏起来", "掩码", "把"),
    ):
        page = client.get("/", params={"q": question, "language": language, "section": "", "kind": ""})
        assert page.status_code == 200
        assert f'value="{question}"' in page.text
        assert quote in unescape(re.sub(r"</?(mark|b)>", "", page.text))
        marked = re.findall(r"<mark>([^<]+)</mark>", page.text)
        assert lit in marked
        assert not [mark for mark in marked if unlit in mark.split()], "function words are never lit"
        address = urlsplit(links(page.text)[title])
        assert (address.hostname, parse_qs(address.query)["t"]) == ("www.youtube.com", ["80s"])
    filtered = client.get("/", params={"q": "mask", "section": "中文"}).text
    assert '<option value="中文" selected>' in filtered
    assert "掩码" in filtered and "Masks &amp; more" not in filtered


@pytest.mark.parametrize("address", ["/", "/list", "/resource/aaaaaaaaaaa"])
def test_a_question_that_looks_for_nothing_stays_in_its_box_and_gets_a_hint(client: TestClient, address: str) -> None:
    for language, question, hint in (
        ("en", "🤷🎉", "wordless"),
        ("zh", "？！", "wordless"),
        ("en", "-mask", "only_left_out"),
        ("zh", "-“掩码”", "only_left_out"),
    ):
        page = client.get(address, params={"q": question}, headers={"Accept-Language": language})
        assert page.status_code == 400
        assert f'value="{question}"' in page.text
        assert f'<p class="verdict none" role="status">{WORDS[language][hint]}</p>' in page.text


@pytest.mark.parametrize("dates", ["after=2026&before=2025-12", "after=2026-13", "added=yesterday"])
@pytest.mark.parametrize("question", ["", "q=为什么需要掩码&"])
def test_dates_without_a_day_between_them_are_told_above_the_form_that_has_them(
    client: TestClient, question: str, dates: str
) -> None:
    for language, address in product(("en", "zh"), ("/", "/list", "/resource/aaaaaaaaaaa")):
        page = client.get(f"{address}?{question}{dates}", headers={"Accept-Language": language})
        assert page.status_code == 400
        assert f'<p class="verdict none" role="status">{WORDS[language]["no_day"]}</p>' in page.text
        if question:
            assert 'value="为什么需要掩码"' in page.text
        if address == "/":
            assert '<details class="folding" open>' in page.text
            assert all(f'name="{name}" value="{value}"' in page.text for name, value in parse_qsl(dates))


def test_odd_addresses_keep_the_question_and_say_what_is_lacking(client: TestClient, tmp_path: Path) -> None:
    for second in ("abc", "-1", "nan", "1e999", "80s"):
        page = client.get("/", params={"q": "mask", "play": "aaaaaaaaaaa", "t": second, "at": second})
        assert (page.status_code, "Masks &amp; more" in page.text) == (200, True), second
        assert client.get("/resource/aaaaaaaaaaa", params={"t": second}).status_code == 200
    page = client.get("/", params={"q": "mask", "play": "aaaaaaaaaaa", "t": "1e9"})
    assert "watch?v=aaaaaaaaaaa&amp;t=120s" in page.text, "it begins at its end at most"
    for given, back in {"q=掩码&k=none": "/?q=%E6%8E%A9%E7%A0%81", f"q={'a' * 5000}": "/"}.items():
        page = client.get(f"/?{given}")
        assert (page.status_code, links(page.text)["Back to the question"]) == (400, back)
    assert "passes these filters" in client.get("/?q=mask&section=no+such").text
    assert client.get("/resource/none").status_code == 404
    with serving(tmp_path) as empty:
        for language, words in (("en", "There is no library here yet"), ("zh-CN", "这里还没有资料库")):
            page = empty.get("/", headers={"Accept-Language": language})
            assert (page.status_code, words in page.text) == (503, True)
            assert f"<code>seekpoint build reading-list.md --index {tmp_path}</code>" in page.text


def test_every_id_is_unique_and_the_list_shows_sections_states_and_where_moments_lie(client: TestClient) -> None:
    for address in ("/?q=mask&k=20", "/resource/aaaaaaaaaaa?q=mask", "/kept", "/list?q=mask"):
        page = client.get(address).text
        ids = fromstring(page).xpath("//@id")
        assert len(ids) == len(set(ids)), address
    assert re.search(r"<h[23][^>]*>English", client.get("/list").text)
    for shown in ("no transcript", "YouTube has no transcript of it"):
        assert shown in client.get("/list").text
    for shown in ("2:00", '<rect class="own" x="667"'):
        assert shown in page
    assert links(page)["Masks & more"] == "/resource/aaaaaaaaaaa"


def test_moments_open_on_the_page_of_their_resource(client: TestClient) -> None:
    page = client.get("/", params={"q": "attention", "language": "en", "kind": "video"}).text
    assert links(page)["a mask hides the future"].endswith("t=80#c2"), "the context of a moment is there"
    assert 'class="cue here"' in page
    result = links(client.get("/", params={"q": "what does softmax make", "kind": "recording"}).text)
    address = next(link for words, link in result.items() if words.endswith("A talk at home"))
    assert address.startswith("/resource/")
    page = client.get(address).text
    assert re.search(r'<audio controls preload="metadata" src="/media/\w+#t=\d', page)
    assert "softmax makes shares" in page
    address = links(client.get("/", params={"q": "mask", "kind": "document"}).text)["Words on masks"]
    page = client.get(address).text
    assert f'id="{address.partition("#")[2]}"' in page
    assert "A mask hides what comes later." in page


def test_a_video_of_another_site_opens_there_at_the_second_and_no_player_is_embedded(tmp_path: Path) -> None:
    url = "https://www.bilibili.com/video/BV1xx411c7mD"
    video = Resource("0123456789ab", Kind.VIDEO, "注意力", url)
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        writer.register("list.md", [video])
        writer.commit(video.id, [embedded(["注意力给每个词一个权重", "掩码遮住后面的词"])], Details(), "site:")
    with serving(tmp_path) as client:
        answered = client.get("/", params={"q": "掩码", "language": "zh"}).text
        page = client.get("/resource/0123456789ab?t=10.5").text
    assert f"{url}?t=10" in links(answered).values()
    assert f"{url}?t=10" in links(page).values()
    assert "<iframe" not in answered + page and "data-play" not in page


def test_an_episode_opens_on_the_page_that_its_feed_names_and_plays_here(tmp_path: Path) -> None:
    sound, to = "https://cdn.example/1.mp3", "https://pod.example/%E4%B8%80#t="
    episode = Resource("0123456789ab", Kind.RECORDING, "一集", sound)
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        writer.register("list.md", [episode])
        details = Details(thumbnail="https://cdn.example/a.jpg", deep_link=to, duration=3800.0)
        writer.commit(episode.id, [embedded(["注意力给每个词一个权重", "掩码遮住后面的词"])], details, "")
    with serving(tmp_path, AccessPolicy(pictures=True)) as client:
        [moment] = client.get("/api/ask", params={"q": "掩码", "k": 1}).json()["moments"]
        assert moment["link"].startswith(to) and moment["resource"]["url"] == sound
        assert moment["link"] in links(client.get("/", params={"q": "掩码"}).text).values()
        page = fromstring(client.get("/resource/0123456789ab?t=3754.9").text)
        assert f"{to}01:02:34" in page.xpath("//a/@href") and f"{sound}#t=3754.9" in page.xpath("//audio/@src")
        behind = fromstring(client.get("/resource/0123456789ab?t=99999").text)
        assert f"{sound}#t=3800.0" in behind.xpath("//audio/@src"), "there is nothing behind its end"
        assert fromstring(client.get("/list").text).xpath("//img/@src") == ["https://cdn.example/a.jpg"]


def test_short_headings_of_a_note_stand_where_they_stand_in_it(tmp_path: Path) -> None:
    note = tmp_path / "note.md"
    note.write_text("# 缓存\n\n## Keys\n\nA cache keeps them.\n\n## 掩码\n\n### Why\n\nA mask hides.\n", "utf-8")
    seekpoint.build([note], tmp_path / "library", encoder=TopicEncoder(), translate=False)
    with serving(tmp_path / "library") as client:
        (note_id,) = (each["id"] for each in client.get("/api/resources").json()["resources"])
        page = fromstring(client.get(f"/resource/{note_id}").text)
        said = {cue.get("id"): cue.text_content() for cue in page.xpath("//a[@class='cue']")}
        for heading in page.xpath("//nav[@class='chapters']//a"):
            assert said[heading.get("href").partition("#")[2]] == heading.text_content().strip()
        paragraphs = [" ".join(each.text_content().split()) for each in page.xpath("//p[contains(@class, 'said')]")]
        moments = client.get("/api/ask?q=mask").json()["moments"]
    assert paragraphs == ["缓存", "Keys A cache keeps them.", "掩码", "Why A mask hides."]
    assert {moment["quote"]: moment["chapter"] for moment in moments}["A mask hides."] == "Why"


def test_slides_are_named_in_both_languages_and_open_on_their_page(tmp_path: Path) -> None:
    deck = pptx(
        shape("Attention", placeholder="title") + shape("It weighs every word of the sentence that comes before it."),
        shape("掩码", placeholder="title") + shape("A mask hides what comes later in the sentence from the model."),
    )
    (tmp_path / "讲义.pptx").write_bytes(deck)
    seekpoint.build([tmp_path / "讲义.pptx"], tmp_path / "library", encoder=TopicEncoder(), translate=False)
    with serving(tmp_path / "library") as client:
        (moment,) = client.get("/api/ask?q=mask&k=1").json()["moments"]
        assert (moment["page"], moment["chapter"], moment["resource"]["kind"]) == (2, "掩码", "document")
        assert moment["link"] == f"{moment['resource']['url']}#page=2"
        own = f"/resource/{moment['resource']['id']}"
        deck_itself = resource_of_path(tmp_path / "讲义.pptx")
        with open_keeper(tmp_path / "library") as keeper:
            keeper.keep(KeptMoment(deck_itself, "en", None, 2, None, "A mask", moment["link"]))
        for language, place in (("en", "slide 2"), ("zh", "第 2 张幻灯片")):
            asked = client.get("/?q=mask&k=1", headers={"Accept-Language": language}).text
            assert place in asked and f'href="{own}?language=en#c' in asked, "no browser opens the file itself"
            for address in (own, "/kept"):
                assert place in client.get(address, headers={"Accept-Language": language}).text, address


def test_code_and_lists_of_a_note_have_lines_of_their_own(tmp_path: Path) -> None:
    note = tmp_path / "note.md"
    code = "```python\ndef cache(keys):\n    return 键\n```\n"
    note.write_text(f"---\naliases: [KV store]\n---\n# Cache\n\nSee:\n\n- [[值]] a cache\n\n{code}", "utf-8")
    seekpoint.build([note], tmp_path / "library", encoder=TopicEncoder(), translate=False)
    with serving(tmp_path / "library") as client:
        (note_id,) = (each["id"] for each in client.get("/api/resources").json()["resources"])
        page = fromstring(client.get(f"/resource/{note_id}").text)
        marked = fromstring(client.get(f"/resource/{note_id}", params={"find": "return 键"}).text)
        assert client.get("/list", params={"narrow": "kv store"}).text.count('class="name"') == 1
    assert [each.text for each in page.xpath("//a[@class='cue item']")] == ["- [[值]] a cache"]
    assert [each.text for each in page.xpath("//a[@class='cue code']")] == ["def cache(keys): \n \u2003\u2003return 键"]
    assert marked.xpath("string(//a[@class='cue code']/mark)") == "return 键"


def test_the_address_shows_what_plays(client: TestClient) -> None:
    page = client.get("/?q=mask&play=aaaaaaaaaaa&t=80.5").text
    assert links(page)["Play “Masks & more” from 1:20"] == "https://www.youtube.com/watch?v=aaaaaaaaaaa&t=80s"
    player = fromstring(page).get_element_by_id("player")
    assert player.xpath(".//a[@class='whole']/@href") == ["/resource/aaaaaaaaaaa?language=en&t=80.5"]
    assert player.xpath(".//a[@class='close']/@href") == ["?q=mask"]
    for part in ("controls", "player-choices", "player-transcript"):
        assert player.xpath(f".//*[@class='{part}']/@hidden"), "which do nothing without a script"
    (recording,) = re.findall(r"/resource/([^?]+)", client.get("/?q=what+does+softmax+make&kind=recording").text)[:1]
    assert f'src="/media/{recording}#t=12.0"' in client.get(f"/?q=softmax&play={recording}&t=12").text
    nothing = fromstring(client.get("/?q=mask&play=none&t=80").text)
    assert nothing.xpath("//*[@id='player']/@hidden") and nothing.xpath("//*[@class='moment']")


def test_buttons_lead_to_the_next_place_of_a_phrase_and_back(bilingual: Path) -> None:
    with serving(bilingual) as client:
        for language, beside, phrase, said, place in (
            ("en", "zh-TW", "MASK", "mask", 1),
            ("zh", "en", "掩码", "掩碼", 2),
            ("zh", "en", "掩码", "掩碼", 3),
        ):
            given = {"language": language, "beside": beside, "find": phrase, "place": str(place)}
            page = fromstring(client.get("/resource/ddddddddddd", params=given).text)
            assert page.xpath("//output/text()") == [f"{place} of 3"]
            assert page.xpath("//button[@name='place']/@value") == [str((place + 1) % 3 + 1), str(place % 3 + 1)]
            here = ["here" in mark.get("class") for mark in page.xpath("//mark")]
            assert (len(here), here.index(True) + 1, here.count(True)) == (3, place, 1)
            assert page.get_element_by_id("place").text.lower() == said
            assert page.xpath("//p[@class='said other']")
            (alone,) = page.xpath("//a[@class='both']/@href")
            kept = parse_qs(urlsplit(alone).query)
            assert (kept["find"], kept["place"], "beside" in kept) == ([phrase], [str(place)], False)
        unsought = fromstring(client.get("/resource/ddddddddddd").text)
        assert not unsought.xpath("//*[@class='elsewhere']/*")
        assert len(unsought.xpath("//button[@name='place'][@hidden]")) == 2


def test_a_phrase_is_found_in_every_language_of_a_resource(bilingual: Path) -> None:
    with serving(bilingual) as client:
        for ui, shown, other, phrase, said in (
            ("en", "en", "zh-TW", "掩码", "3 in Chinese"),
            ("zh", "en", "zh-TW", "掩码", "中文中有 3 处"),
            ("zh", "zh-TW", "en", "MASK", "英语中有 3 处"),
        ):
            given, header = {"language": shown, "find": phrase}, {"Accept-Language": ui}
            page = client.get("/resource/ddddddddddd", params=given, headers=header).text
            assert [WORDS[ui]["found_none"]] == fromstring(page).xpath("//output/text()")
            led = links(page)[said]
            assert fromstring(client.get(led).text).xpath("//output/text()") == ["1 of 3"]
            found = client.get("/resource/ddddddddddd/found", params=given, headers=header).json()
            assert found == {"count": 0, "places": [], "elsewhere": [[other, said]]}


def test_a_text_in_two_languages_is_looked_through_without_a_word_of_captions(tmp_path: Path) -> None:
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        book = resource("book", "书", kind=Kind.DOCUMENT)
        writer.register(SOURCE, [book])
        writer.commit("book", [embedded(["a mask hides"]), embedded(["掩码把未来藏起来"])], Details(), "by hand")
    with serving(tmp_path) as client:
        for ui, label in (("en", "Find in English"), ("zh", "在英语中查找")):
            page = client.get("/resource/book?language=en", headers={"Accept-Language": ui}).text
            assert f'placeholder="{label}"' in page and "字幕" not in fromstring(page).find("body//main").text_content()


def test_more_like_this_leaves_out_its_place_and_keeps_the_question(client: TestClient) -> None:
    result = links(client.get("/", params={"q": "mask", "language": "en", "kind": "video", "k": "1"}).text)
    more = client.get(result["More like this"]).text
    assert "https://www.youtube.com/watch?v=aaaaaaaaaaa&amp;t=80s" not in more
    assert "https://www.youtube.com/watch?v=bbbbbbbbbbb&amp;t=80s" in more
    for question, quote in (("mask", "a mask hides the future"), ("掩码", "掩码把未来藏起来")):
        first = links(client.get("/", params={"q": question, "kind": "video", "k": "1"}).text)["More like this"]
        page = client.get(first).text
        assert f'value="{question}"' in page
        assert f"Like “{quote}”" in page
        assert re.search(r'role="status">Similar moments: \d', page)
        assert parse_qs(urlsplit(links(page)["×"]).query) == {"q": [question]}


def test_further_moments_are_behind_the_best_one_of_their_resource_or_come_when_asked_for(client: TestClient) -> None:
    page = client.get("/", params={"q": "attention mask", "language": "en", "kind": "video", "k": "8"}).text
    assert page.count('<li class="moment"') == 1
    assert re.search(r"<details class=\"others\">\s*<summary>\d more in this video</summary>", page)
    assert "这个视频里还有" in client.get("/?q=mask&kind=video&k=8", headers={"Accept-Language": "zh"}).text
    cut = client.get("/", params={"q": "softmax makes shares"}).text
    more = parse_qs(urlsplit(links(cut)["Show more moments"]).query)
    assert more == {"q": ["softmax makes shares"], "k": ["8"]}
    whole = client.get("/", params={"q": "softmax makes shares", "k": "8"}).text
    assert whole.count('class="go"') > cut.count('class="go"')
    assert "Show more moments" not in client.get("/?q=softmax&k=100").text


def test_confidence_is_told_in_words(client: TestClient) -> None:
    for question, confidence, english, chinese in (
        ("a mask hides the future", "high", "Most likely answered by the first of the", "很可能在第一个片段里（共显示"),
        ("掩码藏了什么？", "low", "One of these may answer it", "可能在其中一处"),
        ("How long should the pizza dough rise?", "none", "Nothing here answers that", "没有这个问题的答案"),
    ):
        for language, text in (("en", english), ("zh", chinese)):
            page = client.get("/", params={"q": question}, headers={"Accept-Language": language}).text
            verdict = re.search(r'<p class="verdict (\w+)" role="status">([^<]*)', page)
            assert verdict
            assert (verdict[1], text in verdict[2]) == (confidence, True)
            offered = fromstring(page).xpath("//div[@class='offer']//a")
            assert bool(offered) == (confidence != "none"), "the first moment is offered to play"
    first = fromstring(client.get("/", params={"q": "A mask hides what comes later."}).text)
    assert first.xpath("//*[contains(@class, 'verdict high')]") and not first.xpath("//div[@class='offer']//a"), (
        "nothing else is offered where the first moment is the answer, and doesn't play"
    )


@pytest.mark.parametrize("word", ["abcd" * 750, "掩码缓存" * 750])
def test_a_very_long_word_of_a_question_is_shortened_in_what_is_told_of_it(client: TestClient, word: str) -> None:
    for question in (word, f'"{word}"'):
        page = fromstring(client.get("/", params={"q": question}).text)
        (verdict,) = page.xpath("//p[starts-with(@class, 'verdict')]")
        assert len(verdict.text_content()) < 300
    assert f"{word[:60]}…" in verdict.text_content()


def test_a_reader_chooses_the_language_and_it_is_remembered(client: TestClient) -> None:
    chinese = client.get("/?q=mask", headers={"Accept-Language": "zh-CN,zh"})
    assert '<html lang="zh-Hans">' in chinese.text and "个片段" in chinese.text
    assert "accept-language" in chinese.headers["vary"].lower()
    page = client.get("/?q=mask&kind=video", headers={"Accept-Language": "en"})
    assert parse_qs(urlsplit(links(page.text)["简体中文"]).query) == {"q": ["mask"], "kind": ["video"], "ui": ["zh"]}
    assert '<html lang="zh-Hans">' in client.get("/?q=mask&ui=zh", headers={"Accept-Language": "en"}).text
    assert '<html lang="zh-Hans">' in client.get("/list", headers={"Accept-Language": "en"}).text
    assert '<html lang="en">' in client.get("/list?ui=en").text
    assert '<html lang="en">' in client.get("/?ui=<script>").text
    traditional = ("zh-TW,zh;q=0.9,en;q=0.8", "fr, zh-HK;q=0.7, zh-CN;q=0.3", "zh-Hant", "yue-Hant-HK", "zh-MO")
    chosen = {
        "zh": ("zh-CN,zh;q=0.9,en;q=0.8", "fr, zh;q=0.7, en;q=0.3", "zh-Hans-HK", "zh-SG,zh-TW;q=0.5"),
        "zh-Hant": traditional,
        "en": ("de", "", "zh;q=0, en;q=nan, ;;,", "en-HK"),
    }
    for language, headers in chosen.items():
        assert {preferred_language(header) for header in headers} == {language}


def test_the_menu_takes_the_question_along(client: TestClient) -> None:
    for question in ("what is a mask & why?", "掩码藏了什么？"):
        for path, name, there in (("/", "Reading list", "/list"), ("/list", "Ask", "/")):
            found = links(client.get(path, params={"q": question, "ui": "en"}).text)
            assert urlsplit(found[name]).path == there
            assert parse_qs(urlsplit(found[name]).query) == {"q": [question]}
    for ui, kind, language, narrow, names in (
        ("en", "video", "en", "video English", ["Masks & more"]),
        ("zh", "video", "zh", "视频 中文", ["掩码"]),
        ("zh-Hant", "video", "", "影片", ["Masks & more", "掩码"]),
        ("en", "", "fr", "", None),
    ):
        filters = {"q": "mask", "kind": kind, "language": language, "section": "Talks"}
        (there,) = fromstring(client.get("/", params=filters | {"ui": ui}).text).xpath("//header/nav/a[2]/@href")
        assert parse_qs(urlsplit(there).query) == {"q": ["mask"], **({"narrow": [narrow]} if narrow else {})}
        shown = fromstring(client.get(there).text).xpath("//a[@class='name']/text()")
        assert names is None or sorted(shown) == sorted(names)
    for path in ("/", "/list?q=-mask", "/kept", "/nope?q=mask"):
        found = links(client.get(path, headers={"Accept-Language": "en"}).text)
        assert (found["Ask"], found["Reading list"]) == ("/", "/list")


def test_addresses_that_lead_nowhere_are_told_in_the_language_of_the_page(client: TestClient) -> None:
    gone = "它不在资料库里：可能已被移除，或者地址不对。"
    for path, english, chinese in (
        ("/nope", "There is no such page.", "没有这个页面。"),
        ("/resource/zzz", removed := "That isn’t in the library: it was removed, or the address is wrong.", gone),
        ("/resource/{0}%25s", removed, gone),
    ):
        for language, said in (("en", english), ("zh", chinese)):
            response = client.get(path, headers={"Accept-Language": language})
            (alert,) = fromstring(response.text).xpath("//*[@role='alert']")
            assert (response.status_code, alert.text, alert.get("lang")) == (404, said, None)


def test_traditional_chinese_is_made_of_the_one_catalogue(client: TestClient) -> None:
    for path, said in (
        ("/", "用自己的話提問"),
        ("/list", "閱讀清單"),
        ("/?q=mask", "個片段"),
        ("/?q=掩码", "影片"),
        ("/?q=-掩码", "例如「注意力 -掩碼」"),
        ("/resource/ccccccccccc", "沒有字幕"),
    ):
        page = client.get(path, headers={"Accept-Language": "zh-TW"}).text
        assert '<html lang="zh-Hant">' in page and said in page
    assert '<html lang="zh-Hant">' in client.get("/?ui=zh-Hant", headers={"Accept-Language": "en"}).text
    assert "请" in client.get("/?q=-掩码&ui=zh").text, "what is remembered is chosen anew"
    to_traditional = OpenCC("s2t")
    for key, text in words_in("zh-Hant").items():
        assert to_traditional.convert(text) == text, "no simplified character is left"
        assert not re.search("型別|釋出|許可權|資料庫|查詢|幻燈片|回車|播放列表", text), "they mean something else"
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", WORDS["zh"][key]))


def test_a_resource_shows_its_transcript_in_which_is_asked_and_a_phrase_looked_for(client: TestClient) -> None:
    page = client.get("/resource/bbbbbbbbbbb", params={"q": "掩码", "t": "40"}).text
    assert 'class="cue here" id="c1"' in page
    assert "/resource/bbbbbbbbbbb?language=zh&amp;t=80#c2" in page
    assert "aaaaaaaaaaa" not in page
    page = client.get("/resource/aaaaaaaaaaa", params={"find": "HIDES  the"}).text
    assert 'a mask <mark class="place here" id="place">hides the</mark> future' in page
    assert "1 of 1" in page
    assert "Not found" in client.get("/resource/aaaaaaaaaaa?find=pizza").text
    found = client.get("/resource/bbbbbbbbbbb/found", params={"find": "掩碼"})
    assert found.json() == {"count": 1, "places": [[[2, 0, 2]]], "elsewhere": []}
    assert client.get("/resource/none/found?find=a").status_code == 404
    assert client.get("/resource/aaaaaaaaaaa/found?find=" + "a" * 201).status_code == 400


def test_both_languages_have_the_same_texts() -> None:
    english, chinese = (
        {key: {field for _, field, _, _ in Formatter().parse(words) if field} for key, words in texts.items()}
        for texts in (WORDS["en"], WORDS["zh"])
    )
    assert english == chinese


def test_of_a_quote_that_begins_within_a_cue_the_rest_of_that_cue_is_bold() -> None:
    for lines, quote, answer in (
        (["So much for that. Now the mask", "hides it."], "Now the mask hides it.", "Now the mask"),
        (["历史就这样。现在讲掩码", "它藏未来。"], "现在讲掩码 它藏未来。", "现在讲掩码"),
        (["One. The mask hides it."], "The mask hides it.", ""),
    ):
        cues = [Cue(4.0 * k, 4.0 * k + 4, text) for k, text in enumerate(["Welcome.", *lines, "So long."])]
        resource = Resource("aaaaaaaaaaa", Kind.VIDEO, "", "")
        moment = Moment(1, 0.5, resource, "en", 6.0, None, quote, "", cues=(1, 1 + len(lines)))
        segments = MomentView(moment, quote_context(moment, cues), (), (), 0.0).quote
        assert "".join(part.text for part in segments if part.is_answer) == answer
        assert "".join(part.text for part in segments) == quote


def test_a_second_place_as_good_as_the_first_stands_open_with_its_time_and_quote(tmp_path: Path) -> None:
    english, chinese = "A mask hides the future.", "掩码把未来藏起来。"
    others = {"en": ["Welcome.", "The weather is fine.", "So long."], "zh": ["欢迎大家。", "天气很好。", "再见。"]}
    open_one = "ol[@class='brief second']"
    texts = {
        f"ddddddddddd_{language}": [f"{said} {n}." for n, said in enumerate((place, *others[language], place, place))]
        for language, place in (("en", english), ("zh", chinese))
    }
    with serving(captioned(tmp_path, 60, **texts)) as client:
        for question, language, said in ((english, "en", "A mask hides"), (chinese, "zh", "掩码把未来")):
            page = fromstring(client.get("/", params={"q": question, "language": language}).text)
            (first,), (second,) = (
                page.xpath("//h2//a/@data-start"),
                page.xpath("//ol[@class='brief second']//a/@data-start"),
            )
            assert {first, second} <= {"0.0", "240.0", "300.0"} and "0.0" in (first, second)
            time, quote = page.xpath(f"string(//{open_one})").split(maxsplit=1)
            assert (time, said in quote) == (timestamp(float(second)), True)
            assert page.xpath("//details[@class='others']//a[@class='go']"), "the others are folded"


def moments(*scored: tuple[str, float]) -> tuple[Moment, ...]:
    return tuple(
        Moment(rank, score, Resource(name, Kind.VIDEO, name, ""), "en", 0.0, None, "", "")
        for rank, (name, score) in enumerate(scored, 1)
    )


@pytest.mark.parametrize(
    ("scores", "cited", "shown"),
    [
        ([0.9, 0.85, 0.8, 0.7, 0.3], 0, 4),
        ([0.9, 0.2, 0.1, 0.1, 0.1], 0, 3),
        ([0.9, 0.2], 0, 2),
        ([0.5, 0.5, 0.5, 0.5, 0.3], 0, 5),
        ([], 0, 0),
        ([0.9, 0.2, 0.1, 0.1, 0.1], 4, 4),  # what is cited is there
        ([0.1, 0.9, 0.1, 0.8, 0.2], 1, 4),
    ],
)
def test_moments_are_shown_down_to_where_scores_fall(scores: list[float], cited: int, shown: int) -> None:
    assert len(cut(moments(*(("a", score) for score in scores)), cited)) == shown


@pytest.mark.parametrize(
    ("asked", "ranked", "shown", "more"),
    [(8, 8, 3, 8), (8, 8, 8, 24), (8, 5, 5, None), (96, 96, 96, 100), (100, 100, 100, None)],
)
def test_more_moments_are_offered_where_there_are_some(asked: int, ranked: int, shown: int, more: int | None) -> None:
    assert following(asked, ranked, shown) == more


def views(*scored: tuple[str, float], starts: Sequence[float | None] = ()) -> list[MomentView]:
    starting = starts or [0.0] * len(scored)
    placed = [replace(moment, start=start) for moment, start in zip(moments(*scored), starting, strict=True)]
    return [MomentView(moment, (), (), (), 0.0) for moment in placed]


def test_moments_stand_with_the_best_one_of_their_resource() -> None:
    groups = grouped(views(("b", 0.9), ("a", 0.8), ("b", 0.7), ("cc", 0.6)))
    assert [group.best.moment.resource.id for group in groups] == ["b", "a", "cc"]
    assert [[view.moment.rank for view in group.others] for group in groups] == [[3], [], []]


@pytest.mark.parametrize(
    ("scores", "starts", "second"),
    [
        ([0.9, 0.85, 0.82, 0.81], [0.0, 100.0, 300.0, 900.0], 3),
        ([0.9, 0.85, 0.7], [0.0, 100.0, 300.0], None),
        ([0.9, 0.9], [None, None], None),
    ],
)
def test_a_second_moment_stands_open_where_it_is_as_good_and_elsewhere(
    scores: list[float], starts: list[float | None], second: int | None
) -> None:
    shown = views(*(("a", score) for score in scores), starts=starts)
    (group,) = grouped(shown)
    assert (group.second.moment.rank if group.second else None) == second
    there = [group.best, *([group.second] if group.second else []), *group.others]
    assert sorted(view.moment.rank for view in there) == [view.moment.rank for view in shown]


def test_another_transcript_is_aligned_by_time() -> None:
    def paragraph(first: int, start: float) -> TranscriptParagraph:
        return TranscriptParagraph(None, (PositionedCue(first, Cue(start, start + 5, "")),))

    cues = [Cue(0, 4, "零"), Cue(9.5, 12, "一"), Cue(12, 21, "二"), Cue(40, 44, "三")]
    rows = list(aligned([paragraph(0, 3), paragraph(1, 10), paragraph(2, 20)], cues))
    assert [[each.cue.text for each in row.beside] for row in rows] == [["零"], ["一", "二"], ["三"]]
    assert [row.beside for row in aligned([paragraph(0, 0)], [])] == [()]


@pytest.mark.parametrize(
    ("phrase", "texts", "places"),
    [
        ("mask", "The Mask masks", ["Mask", "mask"]),
        ("softmax", "ｓｏｆｔｍａｘ Softmax", ["ｓｏｆｔｍａｘ", "Softmax"]),
        ("cafe", "café, cafe\u0301", ["café", "cafe"]),
        ("naïve", "a naive one", ["naive"]),
        ("don't", "Don’t", ["Don’t"]),
        ("a  b", "a b\ta\u00a0 b", ["a b", "a\u00a0 b"]),
        ("机器学习", "機器學習與机器 学习", ["機器學習", "机器 学习"]),
        ("softmax函数", "用 Softmax 函數", ["Softmax 函數"]),
        ("が", "かが", ["が"]),
        ("a.c", "abc a.c", ["a.c"]),
        ("aa", "aaaa", ["aa", "aa"]),
        ("  ", "any thing", []),
        ("causal mask", "a causal|mask", ["causal|mask"]),
        ("因果掩码", "无|这是因果|掩碼", ["因果|掩碼"]),
        ("notable", "not|able", []),
        ("a b", "a||b", ["a|b"]),
    ],
)
def test_a_phrase_is_found_however_it_is_written_and_over_the_end_of_a_cue(
    phrase: str, texts: str, places: list[str]
) -> None:
    cues = texts.split("|")
    found = [
        "|".join(cues[part.number][part.start : part.stop] for part in place) for place in occurrences(phrase, cues)
    ]
    assert found == places


# Values whose letters aren't English.
REASONS = {
    code: Reason(code, **dict.fromkeys(re.findall(r"\{(\w+)\}", "".join(texts["en"])), "值"))
    for code, texts in catalogue().items()
}


def test_pages_say_reasons_and_remedies_in_their_language_alone_and_the_json_with_a_code(tmp_path: Path) -> None:
    with open_writer(tmp_path / "library", TopicEncoder().card) as writer:
        writer.register("list.md", [Resource(code, Kind.PAGE, "页", f"https://a.org/{code}") for code in REASONS])
        for code, reason in REASONS.items():
            writer.set_state(code, State.UNAVAILABLE, reason=reason, inputs="by hand")
    with serving(tmp_path / "library") as client:
        for language, (code, reason) in product(("en", "zh", "zh-Hant"), REASONS.items()):
            page = client.get(f"/resource/{code}", headers={"Accept-Language": language}).text
            shown = re.search(r'<p class="verdict none">.*?</b>\s*<span[^>]*>(.*?)</span>', page, re.DOTALL)
            assert shown
            assert unescape(shown[1]) == reason_in(reason, language)
            assert language == "zh-Hant" or unescape(shown[1]) == reason.in_language(language)
        for language in ("en", "zh", "zh-Hant"):
            listed = unescape(client.get("/list", headers={"Accept-Language": language}).text)
            assert all(f">{reason_in(reason, language)}</span>" in listed for reason in REASONS.values())
        resources = client.get("/api/status").json()["resources"]
        assert {each["id"]: (each["reason"], each["reason_code"]) for each in resources} == {
            code: (str(reason), code) for code, reason in REASONS.items()
        }
    chinese = [reason.in_language("zh") for reason in REASONS.values()]
    assert not [text for text in chinese if re.search(r"[a-z]{2,} [a-z]+ [a-z]{2,}", text)], "English words in a row"


def test_the_outcome_of_a_build_says_the_reason_and_its_language() -> None:
    gone, page = Reason("gone", status=410), Resource("x", Kind.PAGE, "页", "https://a.org")
    for ui, reason, entry, said, language in (
        ("zh", gone, "《页》：无法获取。", "它已经没有了（HTTP 410）：请打听它的新地址", "zh-Hans"),
        ("zh", Reason.of("other words"), "《页》：无法获取。", "other words", "en"),
        ("zh", None, "《页》：无法获取。", "", "zh-Hans"),
        ("zh-Hant", gone, "《页》：無法獲取。", "它已經沒有了（HTTP 410）：請打聽它的新地址", "zh-Hant"),
    ):
        outcome = Outcome(1, 0, (ResourceStatus(page, State.UNAVAILABLE, reason),))
        assert outcome.in_words(ui)["left"] == [{"entry": entry, "reason": said, "lang": language}]
    told = Outcome(7, 7, (ResourceStatus(page, State.INDEXED),) * 5).in_words("zh")
    assert (told["came"], told["more_came"]) == ([{"title": "页", "href": "/resource/x"}] * 5, "另有 2 项")


TALK, ZH = "english0001", "zhongwen001"


@pytest.fixture(scope="module")
def chaptered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    english, chinese = ([cue.text for cue in talk(topics)] for topics in (ENGLISH, CHINESE))
    folder = tmp_path_factory.mktemp("long")
    return captioned(folder, SECONDS, english0001_en=english, zhongwen001_zh=chinese)


def test_the_page_lists_them_they_are_ticks_on_the_bar_of_an_answer_and_the_api_names_them(chaptered: Path) -> None:
    with serving(chaptered) as client:
        for resource_id, question, title in ((TALK, "attention", "Glacier"), (ZH, "注意力", "冰川")):
            html = client.get(f"/resource/{resource_id}").text
            (contents,) = re.findall(r'<nav class="chapters".*?</nav>', html, re.DOTALL)
            assert '<summary><h2 id="chapters">Chapters, made of what is said' in contents, "folded"
            assert contents.count("<li>") == html.count("<h3") == 3
            assert re.search(rf'data-start="6[01]0\.0".*?{title}', contents, re.IGNORECASE)
            for path in (f"/?q={question}", f"/resource/{resource_id}?q={question}"):
                html = client.get(path).text
                ticks = re.findall(r'<a href="([^"]*)"[^>]*><rect class="chapter-tick".*?<title>(.*?)</title>', html)
                assert [label.split()[0] for href, label in ticks if resource_id in href][-1].startswith("10:")
        status = client.get("/api/status").json()["resources"][0]
        for document in (client.get(f"/api/resources/{TALK}/transcript").json(), status):
            chapters = document["chapters"]
            assert [chapter["generated"] for chapter in chapters] == [True] * 3
            assert [chapter["start"] for chapter in chapters] == pytest.approx([0, 300, 600], abs=SECONDS)


# Seconds, and what a model noted there in both languages.
NOTED = {
    3.0: ("What does attention weigh?", "注意力给什么加权？"),
    299.0: ("How is the score scaled?", "分数怎样缩放？"),
    301.0: ("Where does a glacier end?", "冰川的尽头在哪里？"),
}


@pytest.fixture
def noted(chaptered: Path, tmp_path: Path) -> Path:
    """A copy of the library, both talks of which a model has read."""
    library = Path(shutil.copytree(chaptered, tmp_path / "noted"))
    both = [(start, tag, text) for start, texts in NOTED.items() for tag, text in zip(("en", "zh"), texts, strict=True)]
    note(library, TALK, *both, titles={0.0: "Weights", 300.5: "Ice"}, summary="It tells of weights & <ice>.")
    note(library, ZH, *both, (600.0, "en", "Only in English?"), summary="讲权重。")
    return library


def test_noted_questions_stand_under_their_chapters_in_the_language_of_the_page(noted: Path) -> None:
    with serving(noted) as client:
        for ui, place, heading, said in (
            ("en", 0, "Questions answered here", "Noted by a language model: may be wrong."),
            ("zh", 1, "这里回答的问题", "由语言模型记录，可能有误。"),
        ):
            for resource_id, tag in ((TALK, "en"), (ZH, "zh")):
                page = fromstring(client.get(f"/resource/{resource_id}", headers={"accept-language": ui}).text)
                (nav,) = page.find_class("noted")
                shown = [(link.get("data-start"), link.text_content().split(None, 1)[1]) for link in nav.iter("a")]
                texts = [(f"{start}", texts[place]) for start, texts in NOTED.items()]
                assert shown == texts + [("600.0", "Only in English?")] * (resource_id == ZH), "none in two languages"
                assert (nav.find(".//summary/h2").text, nav.find(".//p").text) == (heading, said)
                assert nav.find("details").get("open") is not None, "few of them stand open"
                assert {span.get("lang") for span in nav.iterfind(".//span[@lang]")} >= {ui}
                address = urlsplit(nav.findall(".//a")[1].get("href"))
                assert parse_qs(address.query) == {"language": [tag], "t": ["299"]}
                target = page.get_element_by_id(address.fragment)
                assert 299.0 - SECONDS < float(target.get("data-start")) <= 299.0, "the cue that is said then"
                if resource_id == TALK:
                    assert [heading.text for heading in nav.iter("h3")] == ["Weights", "Ice"]


def test_chapters_that_a_model_noted_stand_open_and_are_marked_and_many_questions_are_folded(noted: Path) -> None:
    with serving(noted) as client:
        page = fromstring(client.get(f"/resource/{TALK}").text)
        chapters = page.find_class("chapters")[0]
        assert chapters.find("h2").text == "Chapters, noted by a language model" and chapters.find("details") is None
        assert [link.text_content().split()[1] for link in chapters.iter("a")][:2] == ["Weights", "Ice"]
    note(noted, TALK, *((float(second), "en", f"Why number {second}?") for second in range(200)))
    with serving(noted, encoder=TopicEncoder()) as client:
        page = fromstring(client.get(f"/resource/{TALK}").text)
        (nav,) = page.find_class("noted")
        assert nav.find("details").get("open") is None and nav.find(".//summary/span").text == "200"
        assert len(tostring(nav)) / 200 < 260, "bytes for each"


def test_a_summary_stands_on_top_marked_as_a_model_s_and_with_its_entry_in_the_list(noted: Path) -> None:
    with serving(noted) as client:
        listed = fromstring(client.get("/list", headers={"accept-language": "zh"}).text)
        told = {
            entry.find_class("name")[0].get("href"): entry.find_class("told") for entry in listed.find_class("entry")
        }
        for ui, said in (("en", "Noted by a language model: may be wrong."), ("zh", "由语言模型记录，可能有误。")):
            for key, tag, summary in ((TALK, "en", "It tells of weights & <ice>."), (ZH, "zh", "讲权重。")):
                page = fromstring(client.get(f"/resource/{key}", headers={"accept-language": ui}).text)
                mark = page.find_class("short-note")[0]
                assert (mark.text, mark.getprevious().text) == (said, summary)
                assert mark.getprevious().get("lang") == tag
                assert [each.text_content() for each in told[f"/resource/{key}"]] == [f"语言模型记录： {summary}"]


@pytest.mark.parametrize(
    ("tags", "summary", "lang"),
    [
        (("zh", "en"), "讲权重。", "zh"),
        (("en", "zh"), "On weights.", "en"),
        (("und",), "讲权重。", "zh"),
        (("und",), "On weights.", ""),
    ],
)
def test_a_summary_is_marked_with_its_own_language(
    tmp_path: Path, tags: tuple[str, ...], summary: str, lang: str
) -> None:
    library = tmp_path / "library"
    with EmbeddedWriter.acquire(library, CARD) as writer:
        writer.register(SOURCE, [resource(TALK, "Talks")])
        said = [embedded(["讲权重" if tag == "zh" else "on weights"] * 3, tag) for tag in tags]
        writer.commit(TALK, said, Details(title="Talk"), "by hand")
    note(library, TALK, summary=summary)
    with serving(library) as client:
        for language in tags:
            page = fromstring(client.get(f"/resource/{TALK}?language={language}").text)
            told = page.find_class("short-note")[0].getprevious()
            assert (told.text, told.get("lang")) == (summary, lang)


@pytest.mark.chromium
def test_a_noted_question_plays_where_its_answer_begins_and_is_marked(noted: Path, browser: Browser) -> None:
    with served(noted) as address, opened(browser, address) as page:
        page.goto(f"/resource/{TALK}")
        for text, chapter in (("Where does a glacier end?", "Ice"), ("What does attention weigh?", "Weights")):
            page.locator(".noted a", has_text=text).click()
            page.locator(".noted a[aria-current=true]", has_text=text).wait_for()
            page.locator(".chapters:not(.noted) a[aria-current=true]", has_text=chapter).wait_for()
        assert page.locator(".noted [aria-current]").count() == 1
        page.frame_locator("iframe").locator("body").get_by_text('"time":3').wait_for()


@pytest.mark.chromium
def test_the_chapter_that_plays_is_marked(chaptered: Path, tmp_path: Path, browser: Browser) -> None:
    with served(chaptered) as address, opened(browser, address) as page:
        page.goto(f"/resource/{ZH}")
        page.locator(".chapters summary").click()
        current = page.locator(".chapters [aria-current]")
        assert current.count() == 0
        for number in (2, 0, 1):
            page.locator(".chapters a").nth(number).click()
            page.locator(f".chapters li:nth-child({number + 1}) a[aria-current=true]").wait_for()
            assert current.count() == 1
    said = embedded(["attention weighs the words", "the mask hides what comes later"])
    chapters = (Chapter(0.0, "Weights", generated=True), Chapter(10.6, "掩码", generated=True))
    with EmbeddedWriter.acquire(tmp_path, CARD) as writer:
        writer.register("list.txt", [resource(TALK, "Talks")])
        said = replace(said, transcript=replace(said.transcript, chapters=chapters))
        writer.commit(TALK, [said], Details(title="Talk"), "made by hand")
    with served(tmp_path) as address, opened(browser, address) as page:
        page.goto(f"/resource/{TALK}")
        page.locator(".chapters summary").click()
        page.locator(".chapters a", has_text="掩码").click()
        page.frame_locator("iframe").locator("body").get_by_text('"time":10').wait_for()
        page.locator(".chapters a[aria-current]", has_text="掩码").wait_for()  # which begins within that second
