"""The pages, without a script."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from string import Formatter
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml.html import fromstring
from starlette.testclient import TestClient

from seekpoint.index.types import Cue, Kind, Resource
from seekpoint.query.answers import Moment
from seekpoint.query.web.pages import cut, following, grouped
from seekpoint.query.web.transcript_page import PositionedCue, TranscriptParagraph, aligned, quote_context
from seekpoint.query.web.translations import WORDS, preferred_language
from seekpoint.query.web.view_models import MomentView, segments
from tests.query.web.conftest import serving


def links(page: str) -> dict[str, str]:
    """The links of a page by their text."""
    return {" ".join(link.text_content().split()): link.get("href") for link in fromstring(page).iter("a")}


@pytest.mark.parametrize(
    ("question", "language", "title", "quote", "lit", "unlit"),
    [
        ("What does the mask hide?", "en", "1:20 Masks & more", "a mask hides the future", "mask", "the"),
        ("掩码把什么藏起来？", "zh", "1:20 掩码", "掩码把未来藏起来", "掩码", "把"),
    ],
)
def test_a_question_is_answered_without_a_script(
    client: TestClient, question: str, language: str, title: str, quote: str, lit: str, unlit: str
) -> None:
    page = client.get("/", params={"q": question, "language": language, "section": "", "kind": ""})
    assert page.status_code == 200
    assert f'value="{question}"' in page.text
    assert quote in unescape(re.sub(r"</?(mark|b)>", "", page.text))
    marked = re.findall(r"<mark>([^<]+)</mark>", page.text)
    assert lit in marked
    assert not [mark for mark in marked if unlit in mark.split()], "function words are never lit"
    address = urlsplit(links(page.text)[title])
    assert (address.hostname, parse_qs(address.query)["t"]) == ("www.youtube.com", ["80s"])


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("address", ["/", "/list", "/resource/aaaaaaaaaaa"])
def test_a_question_that_looks_for_nothing_stays_in_its_box_and_gets_a_hint(
    client: TestClient, address: str, language: str
) -> None:
    hints = {"🤷🎉": "wordless", "？！": "wordless", "-mask": "only_left_out", "-“掩码”": "only_left_out"}
    for question, hint in hints.items():
        page = client.get(address, params={"q": question}, headers={"Accept-Language": language})
        assert page.status_code == 400
        assert f'value="{question}"' in page.text
        assert f'<p class="verdict none" role="status">{WORDS[language][hint]}</p>' in page.text


def test_a_second_in_an_address_is_passed_over_or_cut_where_it_is_none(client: TestClient) -> None:
    for second in ("abc", "-1", "nan", "1e999", "80s"):
        page = client.get("/", params={"q": "mask", "play": "aaaaaaaaaaa", "t": second, "at": second})
        assert (page.status_code, "Masks &amp; more" in page.text) == (200, True), second
        assert client.get("/resource/aaaaaaaaaaa", params={"t": second}).status_code == 200
    page = client.get("/", params={"q": "mask", "play": "aaaaaaaaaaa", "t": "1e9"})
    assert "watch?v=aaaaaaaaaaa&amp;t=120s" in page.text, "it begins at its end at most"


def test_the_way_back_from_an_error_keeps_the_question(client: TestClient) -> None:
    asked = {"q=掩码&k=none": "/?q=%E6%8E%A9%E7%A0%81", "k=none": "/", f"q={'a' * 5000}": "/"}
    for given, back in asked.items():
        page = client.get(f"/?{given}")
        assert (page.status_code, links(page.text)["Back to the question"]) == (400, back)


def test_every_id_is_unique(client: TestClient) -> None:
    for address in ("/?q=mask&k=20", "/list?q=mask", "/resource/aaaaaaaaaaa?q=mask", "/kept"):
        ids = fromstring(client.get(address).text).xpath("//@id")
        assert len(ids) == len(set(ids)), address


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


def test_filters_stay_chosen_and_limit_the_answer(client: TestClient) -> None:
    page = client.get("/", params={"q": "mask", "section": "中文"}).text
    assert '<option value="中文" selected>' in page
    assert "掩码" in page
    assert "Masks &amp; more" not in page


def test_the_address_shows_what_plays(client: TestClient) -> None:
    page = client.get("/?q=mask&play=aaaaaaaaaaa&t=80.5").text
    assert links(page)["Play “Masks & more” from 1:20"] == "https://www.youtube.com/watch?v=aaaaaaaaaaa&t=80s"
    whole = fromstring(page).xpath("//*[@id='player']//a[@class='whole']/@href")
    assert whole == ["/resource/aaaaaaaaaaa?language=en&t=80.5"]
    (recording,) = re.findall(r"/resource/([^?]+)", client.get("/?q=what+does+softmax+make&kind=recording").text)[:1]
    assert f'src="/media/{recording}#t=12.0"' in client.get(f"/?q=softmax&play={recording}&t=12").text
    nothing = fromstring(client.get("/?q=mask&play=none&t=80").text)
    assert nothing.xpath("//*[@id='player']/@hidden") and nothing.xpath("//*[@class='moment']")


@pytest.mark.parametrize(
    ("language", "beside", "phrase", "said"), [("en", "zh-TW", "MASK", "mask"), ("zh", "en", "掩码", "掩碼")]
)
def test_buttons_lead_to_the_next_place_of_a_phrase_and_back(
    bilingual: Path, language: str, beside: str, phrase: str, said: str
) -> None:
    with serving(bilingual) as client:
        for place, previous, following in ((1, 3, 2), (2, 1, 3), (3, 2, 1)):
            given = {"language": language, "beside": beside, "find": phrase, "place": str(place)}
            page = fromstring(client.get("/resource/ddddddddddd", params=given).text)
            assert page.xpath("//output/text()") == [f"{place} of 3"]
            assert page.xpath("//button[@name='place']/@value") == [str(previous), str(following)]
            marks = page.xpath("//mark")
            assert ["here" in mark.get("class") for mark in marks] == [each == place for each in (1, 2, 3)]
            assert page.get_element_by_id("place").text.lower() == said
            assert page.xpath("//p[@class='said other']")
        unsought = fromstring(client.get("/resource/ddddddddddd").text)
        assert len(unsought.xpath("//button[@name='place'][@hidden]")) == 2


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


def test_further_moments_of_a_resource_are_behind_the_best_one(client: TestClient) -> None:
    page = client.get("/", params={"q": "attention mask", "language": "en", "kind": "video", "k": "8"}).text
    assert page.count('<li class="moment">') == 1
    assert re.search(r"<details class=\"others\">\s*<summary>\d more in this video</summary>", page)
    assert "这个视频里还有" in client.get("/?q=mask&kind=video&k=8", headers={"Accept-Language": "zh"}).text


def test_moments_are_cut_where_scores_fall_until_more_are_asked_for(client: TestClient) -> None:
    cut = client.get("/", params={"q": "softmax makes shares"}).text
    more = parse_qs(urlsplit(links(cut)["Show more moments"]).query)
    assert more == {"q": ["softmax makes shares"], "k": ["8"]}
    whole = client.get("/", params={"q": "softmax makes shares", "k": "8"}).text
    assert whole.count('class="go"') > cut.count('class="go"')
    assert "Show more moments" not in client.get("/?q=softmax&k=100").text


@pytest.mark.parametrize(
    ("question", "confidence", "english", "chinese"),
    [
        ("a mask hides the future", "high", "Most likely answered here", "这里很可能有答案"),
        ("掩码藏了什么？", "low", "These may not answer it", "不一定回答了"),
        ("How long should the pizza dough rise?", "none", "Nothing here answers that", "没有这个问题的答案"),
    ],
)
def test_confidence_is_told_in_words(
    client: TestClient, question: str, confidence: str, english: str, chinese: str
) -> None:
    for language, text in (("en", english), ("zh", chinese)):
        page = client.get("/", params={"q": question}, headers={"Accept-Language": language}).text
        verdict = re.search(r'<p class="verdict (\w+)" role="status">([^<]*)', page)
        assert verdict
        assert (verdict[1], text in verdict[2]) == (confidence, True)


def test_a_reader_chooses_the_language_and_it_is_remembered(client: TestClient) -> None:
    chinese = client.get("/?q=mask", headers={"Accept-Language": "zh-TW,zh"})
    assert '<html lang="zh-Hans">' in chinese.text and "个片段" in chinese.text
    assert "accept-language" in chinese.headers["vary"].lower()
    page = client.get("/?q=mask&kind=video", headers={"Accept-Language": "en"})
    assert parse_qs(urlsplit(links(page.text)["中文"]).query) == {"q": ["mask"], "kind": ["video"], "ui": ["zh"]}
    assert '<html lang="zh-Hans">' in client.get("/?q=mask&ui=zh", headers={"Accept-Language": "en"}).text
    assert '<html lang="zh-Hans">' in client.get("/list", headers={"Accept-Language": "en"}).text
    assert '<html lang="en">' in client.get("/list?ui=en").text
    assert '<html lang="en">' in client.get("/?ui=<script>").text


def test_a_phrase_that_is_looked_for_is_marked_by_the_server(client: TestClient) -> None:
    page = client.get("/resource/aaaaaaaaaaa", params={"find": "HIDES  the"}).text
    assert 'a mask <mark class="place here" id="place">hides the</mark> future' in page
    assert "1 of 1" in page
    assert "Not found" in client.get("/resource/aaaaaaaaaaa?find=pizza").text
    found = client.get("/resource/bbbbbbbbbbb/found", params={"find": "掩碼"})
    assert found.json() == {"count": 1, "places": [[[2, 0, 2]]]}
    assert client.get("/resource/none/found?find=a").status_code == 404
    assert client.get("/resource/aaaaaaaaaaa/found?find=" + "a" * 201).status_code == 400


def test_the_list_shows_sections_states_and_where_moments_lie(client: TestClient) -> None:
    page = client.get("/list", params={"q": "mask"}).text
    assert re.search(r"<h[23][^>]*>English", page)
    assert "no transcript" in page
    assert "YouTube has no transcript of it" in page
    assert "2:00" in page
    assert re.search(r'<rect class="own" x="667"', page)
    assert links(page)["Masks & more"] == "/resource/aaaaaaaaaaa"


def test_a_resource_shows_its_transcript_and_is_searched_alone(client: TestClient) -> None:
    page = client.get("/resource/bbbbbbbbbbb", params={"q": "掩码", "t": "40"}).text
    assert 'class="cue here" id="c1"' in page
    assert "/resource/bbbbbbbbbbb?language=zh&amp;t=80#c2" in page
    assert "aaaaaaaaaaa" not in page


def test_the_page_says_that_there_is_no_answer_no_resource_or_no_library(client: TestClient, tmp_path: Path) -> None:
    assert "passes these filters" in client.get("/?q=mask&section=no+such").text
    assert client.get("/?q=" + "a" * 5000).status_code == 400
    assert client.get("/resource/none").status_code == 404
    with serving(tmp_path) as empty:
        for language, words in (("en", "There is no library here yet"), ("zh-CN", "这里还没有资料库")):
            page = empty.get("/", headers={"Accept-Language": language})
            assert page.status_code == 503
            assert words in page.text and "seekpoint build" in page.text


def test_the_browser_chooses_the_language() -> None:
    chinese = ("zh-CN,zh;q=0.9,en;q=0.8", "fr, zh-TW;q=0.7, en;q=0.3")
    english = ("en-GB", "de", "", "zh;q=0, en;q=nan, ;;,", "zh;q=x")
    assert {header: preferred_language(header) for header in (*chinese, *english)} == {
        **dict.fromkeys(chinese, "zh"),
        **dict.fromkeys(english, "en"),
    }


def test_both_languages_have_the_same_texts() -> None:
    def fields(words: str) -> set[str | None]:
        return {field for _, field, _, _ in Formatter().parse(words) if field}

    assert WORDS["en"].keys() == WORDS["zh"].keys()
    assert {key: fields(words) for key, words in WORDS["en"].items()} == {
        key: fields(words) for key, words in WORDS["zh"].items()
    }


@pytest.mark.parametrize(
    ("lines", "quote", "answer"),
    [
        (["So much for that. Now the mask", "hides it."], "Now the mask hides it.", "Now the mask"),
        (["历史就这样。现在讲掩码", "它藏未来。"], "现在讲掩码 它藏未来。", "现在讲掩码"),
        (["One. The mask hides it."], "The mask hides it.", ""),
    ],
)
def test_of_a_quote_that_begins_within_a_cue_the_rest_of_that_cue_is_bold(
    lines: list[str], quote: str, answer: str
) -> None:
    cues = [Cue(4.0 * k, 4.0 * k + 4, text) for k, text in enumerate(["Welcome.", *lines, "So long."])]
    resource = Resource("aaaaaaaaaaa", Kind.VIDEO, "", "")
    moment = Moment(1, 0.5, resource, "en", 6.0, None, quote, "", cues=(1, 1 + len(lines)))
    found = segments(moment, quote_context(moment, cues).quoted)
    assert "".join(part.text for part in found if part.is_answer) == answer
    assert "".join(part.text for part in found) == quote


def moments(*scored: tuple[str, float]) -> tuple[Moment, ...]:
    return tuple(
        Moment(rank, score, Resource(name, Kind.VIDEO, name, ""), "en", 0.0, None, "", "", more=len(name))
        for rank, (name, score) in enumerate(scored, 1)
    )


def test_moments_are_shown_down_to_where_scores_fall_and_more_are_asked_for() -> None:
    for scores, shown in (
        ([0.9, 0.85, 0.8, 0.7, 0.3], 4),
        ([0.9, 0.2, 0.1, 0.1, 0.1], 3),
        ([0.9, 0.2], 2),
        ([0.5, 0.5, 0.5, 0.5, 0.3], 5),
        ([], 0),
    ):
        assert len(cut(moments(*(("a", score) for score in scores)))) == shown, scores
    counts = [(8, 8, 3, 8), (8, 8, 8, 24), (8, 5, 5, None), (8, 5, 3, 8), (96, 96, 96, 100), (100, 100, 100, None)]
    for asked, found, of_these, more in counts:
        assert following(asked, found, of_these) == more


def test_a_resource_stands_where_its_best_moment_does() -> None:
    views = [
        MomentView(moment, None, (), (), 0.0) for moment in moments(("b", 0.9), ("a", 0.8), ("b", 0.7), ("cc", 0.6))
    ]
    groups = grouped(views)
    assert [group.best.moment.resource.id for group in groups] == ["b", "a", "cc"]
    assert [[view.moment.rank for view in group.others] for group in groups] == [[3], [], []]
    assert [group.more for group in groups] == [1, 1, 2]


def test_another_transcript_is_aligned_by_time() -> None:
    def paragraph(first: int, start: float) -> TranscriptParagraph:
        return TranscriptParagraph(None, (PositionedCue(first, Cue(start, start + 5, "")),))

    cues = [Cue(0, 4, "零"), Cue(9.5, 12, "一"), Cue(12, 21, "二"), Cue(40, 44, "三")]
    rows = list(aligned([paragraph(0, 3), paragraph(1, 10), paragraph(2, 20)], cues))
    assert [[each.cue.text for each in row.beside] for row in rows] == [["零"], ["一", "二"], ["三"]]
    assert [row.beside for row in aligned([paragraph(0, 0)], [])] == [()]
