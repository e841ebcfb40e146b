"""A digest as text, Markdown, HTML, RSS and JSON, with hostile texts."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

from markdown_it import MarkdownIt

from seekpoint.index.types import Resource
from seekpoint.query.digest import Digest, News
from seekpoint.query.output.digest import to_html, to_markdown, to_rss, to_text
from seekpoint.query.output.json import DigestJson, as_json
from tests.query.output.examples import HOSTILE, PAPER_MOMENT, RECORDING_MOMENT, VIDEO_MOMENT, assert_valid

ADDED = "2026-11-30T12:00:00+00:00"
NEW = tuple(replace(one.resource, sections=()) for one in (VIDEO_MOMENT, RECORDING_MOMENT, PAPER_MOMENT))
DIGEST = Digest(
    "2026-11-24T00:00:00+00:00",
    NEW,
    (
        News("掩码藏了什么？", (replace(VIDEO_MOMENT, added=ADDED, published="2026-11-29"), PAPER_MOMENT)),
        News("how do I bake bread?"),
        News("why masks?", (replace(RECORDING_MOMENT, rank=1),), ("掩码为什么？",)),
    ),
)
QUIET = replace(DIGEST, questions=(News("how do I bake bread?"),))


def hostile(text: str) -> Digest:
    resource = Resource("x", VIDEO_MOMENT.resource.kind, text, "https://example.org/x")
    moment = replace(VIDEO_MOMENT, resource=resource, quote=text, marks=(), chapter=text)
    return Digest(DIGEST.since, (resource,), (News(text, (moment,)),))


def test_the_text_says_how_much_is_new_on_which_question_and_where() -> None:
    shown = to_text(DIGEST, styled=False, width=None)
    assert shown.startswith("2 new moments on “掩码藏了什么？”, in 2 of 3 new resources:\n\n1. 什么是注意力  12:34")
    assert "1 new moment on “why masks?”, in 1 of 3 new resources:" in shown
    assert "bread" not in shown
    assert to_text(QUIET, styled=False, width=None) == (
        "Nothing new on 1 kept question since 2026-11-24, in 3 new resources"
    )


def test_markdown_has_a_heading_for_each_question_with_news() -> None:
    shown = to_markdown(DIGEST)
    assert shown.count("\n## ") == 2 and "https://www.youtube.com/watch?v=wjZofJX0v4M&t=754s" in shown
    assert to_markdown(QUIET).count("#") == 1


def test_the_page_and_the_feed_hold_each_moment_once_with_its_link_and_date() -> None:
    assert to_html(DIGEST).count("<blockquote") == 3
    items = ElementTree.fromstring(to_rss(DIGEST, "http://localhost:8080/new")).findall("channel/item")
    assert [item.findtext("link") for item in items] == [
        moment.link for news in DIGEST.questions for moment in news.moments
    ]
    assert [item.findtext("pubDate") for item in items] == ["Mon, 30 Nov 2026 12:00:00 +0000", None, None]
    assert len({item.findtext("guid") for item in items}) == 3
    again = ElementTree.fromstring(to_rss(DIGEST)).findall("channel/item")
    assert [item.findtext("guid") for item in again] == [item.findtext("guid") for item in items]
    assert ElementTree.fromstring(to_rss(QUIET)).findall("channel/item") == []


def test_no_text_becomes_markup_or_ends_a_form() -> None:
    for text in HOSTILE:
        digest = hostile(text)
        html = to_html(digest)
        tags = set(re.findall(r"<([a-z0-9]+)", html))
        assert tags <= {"html", "meta", "title", "h1", "h2", "ol", "li", "div", "a", "blockquote"}, text
        assert "javascript:alert" not in "".join(re.findall(r'href="[^"]*"', html))
        assert "\x1b" not in to_text(digest, styled=False, width=80) + to_markdown(digest) + to_rss(digest) + html
        [item] = ElementTree.fromstring(to_rss(digest)).findall("channel/item")
        assert item.findtext("link") == VIDEO_MOMENT.link
        links = re.findall(r'href="([^"]*)"', MarkdownIt().render(to_markdown(digest)))
        assert set(links) == {VIDEO_MOMENT.link.replace("&", "&amp;")}, text


def test_the_json_has_every_question_and_what_came() -> None:
    document = as_json(DIGEST)
    assert_valid(DigestJson, document)
    assert [question["question"] for question in document["questions"]] == [news.question for news in DIGEST.questions]
    assert [question.get("also") for question in document["questions"]] == [None, None, ["掩码为什么？"]]
    assert [len(question["moments"]) for question in document["questions"]] == [2, 0, 1]
    assert document["questions"][0]["moments"][0]["published"] == "2026-11-29"
    assert document["questions"][0]["moments"][0]["added"] == ADDED
    assert [resource["id"] for resource in document["resources"]] == [resource.id for resource in NEW]
