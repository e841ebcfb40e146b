"""Text fragments, followed by a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from seekpoint.indexer.sources.pages.html import read_html
from seekpoint.indexer.transcript.cues import sentences
from seekpoint.query.text_fragments import line_fragments, text_fragment
from tests.browser import CHROMIUM, Tab, chromium_tab
from tests.shared import SHARED, needs_shared

pytestmark = pytest.mark.chromium

_BEFORE, _ASIDE, _AFTER = (
    "\n".join(f"<p>Paragraph {number} fills the page with words that nobody looks for.</p>" for number in numbers)
    for numbers in (range(100, 140), range(140, 180), range(180, 220))
)
_BELOW = '<div style="height: 4000px"></div>'

PARAGRAPHS = {
    "English": "Attention lets every position of a sentence look at all the others, however far away they may be.",
    "simplified Chinese": "注意力让每个位置都能看到其他位置，这样一来，训练就可以并行了。",
    "traditional Chinese": "注意力讓每個位置都能看到其他位置，這樣一來，訓練就可以平行了。",
    "Chinese without punctuation": "注意力让每个位置都能看到其他位置",
    "Chinese with English": "在GPT-3模型（2020年）里，我们使用self-attention机制。",
    "Japanese": "注意機構は、文のすべての単語を見ることができますし、とても速いです。",
    "Korean": "어텐션은 문장의 모든 단어를 볼 수 있게 해 줍니다.",
    "Thai": "กลไกความสนใจทำให้โมเดลเข้าใจ บริบทของประโยคทั้งหมดได้",
    "Hindi": "ध्यान तंत्र मॉडल को वाक्य के सभी शब्द देखने देता है।",
    "Arabic": "تسمح آلية الانتباه للنموذج برؤية جميع كلمات الجملة.",
    "hyphens and commas": "Self-attention, or intra-attention, is a state-of-the-art idea, is it?",
    "quotes": '“Attention” isn’t all you need, ‘they’ sentences; it\'s "a lot".',
    "inline elements": (
        "The <code>nn.Linear</code> layer <em>pro</em>jects, as <a href=#>others</a> say<sup>[1]</sup>, too."
    ),
    "accents": "Voil\u00e0 une phrase tr\u00e8s franc\u0327aise, de\u0301ja\u0300 vue en toute na\u00efvet\u00e9.",
    "emoji": "👩🏽\u200d💻 Look at this 🎉 wonderful and new model ❤️ of attention 👨\u200d👩\u200d👧",
    "entities": "R&amp;D took 100&#37; of it: a &lt;b&gt; &amp; a #hash, caf&eacute; &hellip; done.",
    "no-break spaces": "As Figure&nbsp;3 shows, all of it is very&#8239;good.",
    "soft hyphens": "The trans&shy;former mecha&shy;nism of atten&shy;tion is good.",
    "zero-width spaces": "The trans\u200bformer mecha\u200bnism of atten<wbr>tion is good.",
    "ligatures and widths": "The e\ufb03cient \ufb01les of ＧＰＴ are \ufb01ne and very small.",
    "a formula": (
        "For <span class=math>\\(\\sqrt{d_k}\\)</span> we take the root of the dimension of all keys."
        "<script>document.querySelector('.math').textContent = '√d'</script>"
    ),
}
# Bodies of pages, each with the number of sentences at its end that are quoted.
BODIES = {
    "two sentences": ("<p id=x>Attention lets every position look at all the others. It is very cheap.</p>", 2),
    "两句话": ("<p id=x>注意力让每个位置都能看到其他位置。这样一来，训练就可以并行了。</p>", 2),
    "two paragraphs": (
        "<p id=x>The first one says what the question was about.</p><p>The second one then says what it is.</p>",
        2,
    ),
    "a line break": ("<p id=x>All of the first line<br>and all of the second line.</p>", 2),
    "list items": ("<ul><li>One rather short thing</li><li id=x>Another rather short thing</li></ul>", 1),
    "table cells": ("<table><tr id=x><td>A transformer of base size</td><td>27.3</td></tr></table>", 1),
    "code": (
        "<pre id=x><code>def softmax(x):\n    e = np.exp(x - x.max(axis=-1))\n    return e / e.sum()</code></pre>",
        1,
    ),
    "code in columns": ("<pre id=x>learning_rate   1e-4\t# of the whole model   after the warm-up 学习率</pre>", 1),
    "text in columns": ("<pre id=x>The first column ends.  The second one says more\n   and goes on.</pre>", 2),
    "words that stood in a menu": (
        "<nav><a href=#>The Attention Mechanism</a></nav>"
        f"{_ASIDE}<p id=x>The attention mechanism is what we look at now.</p>",
        1,
    ),
    "words that stood before": (
        f"<p>The model looks at all of it twice.</p>{_ASIDE}<p id=x>The model looks at all of it but once.</p>",
        1,
    ),
    "a sentence that stood before": (
        f"<p>Here it comes, at last. The model looks at all.</p>{_ASIDE}"
        "<p id=x>There it goes, I fear! The model looks at all.</p>",
        1,
    ),
}
BODIES |= {name: (f"<p id=x>{words}</p>", 1) for name, words in PARAGRAPHS.items()}


@pytest.fixture(scope="module")
def tab() -> Iterator[Tab]:
    with chromium_tab(CHROMIUM) as tab:
        yield tab


def _page(body: str) -> str:
    head = "<!doctype html><html><head><meta charset=utf-8><title>A page</title></head>"
    return f"{head}<body><article>{_BEFORE}{body}{_AFTER}</article>{_BELOW}</body></html>"


def _sentences(page: str) -> list[str]:
    return [words for block in read_html(page.encode()).blocks for words in sentences(block.text)]


def _fragment(page: str, quoted: int) -> str:
    """The fragment for the last sentences of the body."""
    sentences = _sentences(page.partition(_AFTER)[0])
    return f"#:~:{text_fragment(sentences, len(sentences) - quoted)}"


def _serve(server: HTTPServer, page: str) -> str:
    server.expect_request("/page").respond_with_data(page, content_type="text/html; charset=utf-8")
    return server.url_for("/page")


@pytest.mark.parametrize(("body", "quoted"), BODIES.values(), ids=BODIES.keys())
def test_the_browser_scrolls_to_the_passage(tab: Tab, httpserver: HTTPServer, body: str, quoted: int) -> None:
    page = _page(body)
    assert tab.follow(_serve(httpserver, page), _fragment(page, quoted))
    assert tab.has_in_view("#x")


def test_what_is_not_on_the_page_leaves_the_browser_where_the_anchor_says(tab: Tab, httpserver: HTTPServer) -> None:
    address = _serve(httpserver, _page("<h2 id=x>Attention</h2>"))
    unknown = ":~:text=words%20that%20nobody%20wrote,attention"
    assert tab.stays(address, f"#{unknown}")
    assert not tab.has_in_view("#x")
    assert tab.follow(address, f"#x{unknown}")
    assert tab.has_in_view("#x")


WRAPPED = """The attention mechanism lets every
position look at all of the others, which
is what makes it so strong and so slow.

注意力让每个位置
都能看到其他位置，所以训练可以并行。
"""


def test_plain_text_whose_lines_end_anywhere(tab: Tab, tmp_path: Path) -> None:
    file = tmp_path / "笔记 1.txt"
    lines = "\n".join(f"Line {number} of a text" for number in range(200))
    file.write_text(f"{lines}\n\n{WRAPPED}\n{lines}", encoding="utf-8")
    sentences = [*lines.split("\n"), *(" ".join(paragraph.split()) for paragraph in WRAPPED.split("\n\n"))]
    for beginning in ("The attention", "注意力"):
        first = next(number for number, words in enumerate(sentences) if words.startswith(beginning))
        assert tab.follow(file.as_uri(), f"#:~:{line_fragments(sentences[: first + 1], first)}")
        assert tab.shows(beginning)
        assert not tab.shows("Line 0 of a text")


def test_a_local_page(tab: Tab, tmp_path: Path) -> None:
    file = tmp_path / "a page.html"
    page = _page("<p id=x>A sentence of a page that was saved to disk. 一句存在磁盘上的话，很短。</p>")
    file.write_text(page, encoding="utf-8")
    assert tab.follow(file.as_uri(), _fragment(page, 1))
    assert tab.has_in_view("#x")


@needs_shared
@pytest.mark.shared
def test_sentences_of_an_article(tab: Tab, httpserver: HTTPServer) -> None:
    article = (SHARED / "resources" / "illustrated-transformer.html").read_text(encoding="utf-8")
    tab.open(_serve(httpserver, article.replace("<body>", f"<body>{_BELOW}").replace("</body>", f"{_BELOW}</body>")))
    sentences = _sentences(article)
    missed = []
    for first in range(0, len(sentences), 3):
        directive = text_fragment(sentences[: first + 2], first)
        words = sentences[first].split(" | ")[0].split(" ⏎ ")[0]
        if not (directive and tab.go_on(f"#:~:{directive}") and words in tab.text_in_view()):
            missed.append(sentences[first])
    assert len(sentences) > 100
    assert missed == []
