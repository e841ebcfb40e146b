from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

from seekpoint.query.answers import Answer, Confidence
from seekpoint.query.output.notebook import answer_html, moment_html, resource_html
from tests.query.output import examples

VIDEO = replace(examples.VIDEO, sections=(("Attention", "掩码"),))
MOMENT = replace(
    examples.VIDEO_MOMENT, resource=VIDEO, quote="现在讲掩码 & masks", marks=((3, 5), (8, 13)), chapter="A < B"
)
ANSWER = Answer(
    "什么是掩码？", Confidence.HIGH, (MOMENT, replace(MOMENT, rank=2, start=None, page=7, link="file:///a.pdf#page=7"))
)
TAGS = {"div", "p", "b", "ol", "li", "a", "br", "small", "blockquote", "mark"}


class Page:
    """The elements, links and marked text of a page, all of whose elements are closed."""

    def __init__(self, html: str) -> None:
        self.elements = list(ElementTree.fromstring(html.replace("<br>", "<br/>")).iter())
        self.text = "".join(self.elements[0].itertext())
        self.links = [element.get("href") for element in self.elements if element.tag == "a"]
        self.marked = [element.text for element in self.elements if element.tag == "mark"]
        self.tags = [element.tag for element in self.elements]
        self.attributes = {name for element in self.elements for name in element.attrib}


def test_an_answer_shows_titles_places_quotes_and_links() -> None:
    page = Page(answer_html(ANSWER))
    assert page.links == [moment.link for moment in ANSWER.moments]
    assert "什么是注意力 · 12:34 · zh · in: A < B" in page.text and "p. 7" in page.text
    assert "Attention › 掩码" in page.text and "现在讲掩码 & masks" in page.text
    assert page.marked == ["掩码", "masks"] * 2
    assert page.tags.count("li") == 2


def test_a_resource_is_a_link_under_its_headings_and_no_answer_is_said() -> None:
    page = Page(resource_html(VIDEO))
    assert page.links == [VIDEO.url]
    assert page.text == "什么是注意力 · videoAttention › 掩码"
    assert Page(resource_html(replace(VIDEO, title=""))).text.startswith(VIDEO.url)
    for moments, said in (((MOMENT,), "answers that; nearest:"), ((), "answers that.")):
        assert f"Nothing here {said}" in Page(answer_html(Answer("q", Confidence.NONE, moments))).text


def test_whatever_is_written_stays_text_and_what_a_browser_would_run_is_no_link() -> None:
    for text in (
        '"><img src=x onerror=alert(1)>',
        "' onmouseover='alert(1)",
        "</div></li><iframe src=//evil.example>",
        "&lt;b&gt; &#60;i&#62;",
        "<!-- -->]]><![CDATA[",
        "\x1b[31m\u202ea\x00b\nc",
    ):
        for shown in (
            resource_html(replace(VIDEO, title=text, sections=((text, text),))),
            moment_html(replace(MOMENT, quote=text, chapter=text, language=text, marks=((0, 2), (3, 5)))),
            answer_html(replace(ANSWER, question=text)),
            moment_html(replace(MOMENT, link=f"https://e.org/{text}")),
        ):
            page = Page(shown)
            assert set(page.tags) <= TAGS
            assert page.attributes <= {"href", "target", "rel", "lang", "dir"}
            assert not {"\x1b", "\u202e", "\x00"} & set(shown)
    for address in ("JavaScript:alert(1)", " javascript:alert(1)", "data:text/html,x", ""):
        assert Page(moment_html(replace(MOMENT, link=address))).links == []
        assert Page(resource_html(replace(VIDEO, url=address))).links == []
