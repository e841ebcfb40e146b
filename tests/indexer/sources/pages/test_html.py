"""Real, synthetic and damaged web pages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seekpoint.index.errors import Unfetched
from seekpoint.indexer.sources.pages.html import read_html
from seekpoint.indexer.transcript.text_timeline import Block, ParsedDocument, Role
from tests.fuzzing import fuzz
from tests.indexer.sources.parsed import refusal, texts
from tests.shared import SHARED, needs_shared

ARTICLE = SHARED / "resources" / "illustrated-transformer.html"
PROSE = "Self-attention lets a model look at the other words of its input while it encodes one of them. "
CHINESE = "自注意力让模型在处理每个词时，都能看到输入序列里的其他词，从而得到更好的表示。"


def page(body: str, head: str = "") -> bytes:
    return f"<!DOCTYPE html><html lang=en><head><title>A page</title>{head}</head><body>{body}</body></html>".encode()


def read(body: str, head: str = "") -> ParsedDocument:
    return read_html(page(body, head))


def headings(text: ParsedDocument) -> list[tuple[str, str | None]]:
    return [(block.text, block.anchor) for block in text.blocks if block.role is Role.HEADING]


@needs_shared
def test_the_real_article_is_complete_and_without_page_furniture() -> None:
    text = read_html(ARTICLE.read_bytes(), "utf-8")
    assert (text.title, text.stated.published, text.language) == ("The Illustrated Transformer", "2018-06-27", "en")
    found = headings(text)
    assert len(found) == 15 and found[0] == ("The Illustrated Transformer", "main")
    assert found[2] == ("Now We're Encoding!", "now-were-encoding")
    assert found[-1] == ("Acknowledgements", "acknowledgements")
    last = "Please hit me up on Twitter for any corrections or feedback."
    assert text.blocks[-1] == Block(last, Role.BODY, "acknowledgements")
    everything = "\n".join(texts(text))
    assert len(everything) > 24_000
    for start in ("In the previous post, we looked at Attention --", "A real example of positional encoding for 20"):
        assert f"\n{start}" in everything
    for furniture in ("Jay Alammar Blog About", "Subscribe to get notified", "the key, and value"):
        assert furniture not in everything


def test_a_block_belongs_to_the_nearest_heading_even_without_id() -> None:
    text = read(f"<main id=all><p>{PROSE}</p><h2 id=one>One</h2><p>{PROSE}1</p><h2>Two</h2><p>{PROSE}2</p></main>")
    assert [block.anchor for block in text.blocks] == [None, "one", "one", None, None]
    text = read(f"<article id=all><p>{PROSE}</p><h2>Later</h2><p>{PROSE}again</p></article>")
    assert {block.anchor for block in text.blocks} == {None}, "a heading inside a section doesn't take its id"


@pytest.mark.parametrize(
    "heading",
    [
        "<h2 id=here>Here</h2>",
        "<h2><a id=here></a>Here</h2>",
        "<h2><a name=here>Here</a></h2>",
        "<a name=here></a><h2>Here</h2>",
        "<section id=here><div><header><h2>Here</h2></header></div></section>",
        "<div id=here role=heading>Here</div>",
        "<h2 id=here><button>Here</button></h2>",
    ],
)
def test_the_anchor_of_a_heading(heading: str) -> None:
    text = read(f"<article><p>{PROSE}</p>{heading}<p>{PROSE}again</p></article>")
    assert text.blocks[1:] == (Block("Here", Role.HEADING, "here"), Block(f"{PROSE}again", Role.BODY, "here"))


def test_permalinks_of_documentation_are_left_out() -> None:
    text = read(
        f"""<div class=related role=navigation><ul><li><a href=/>index</a></ul></div><div class=body role=main>
        <section id=attention><h1>Attention<a class=headerlink href="#attention" title="Link">¶</a></h1><p>{PROSE}</p>
        <section id=related-work><span id=old></span><h2>Related work<a class=headerlink href="#related-work">#</a></h2>
        <p>{PROSE}2</p></section><section id=navier-stokes>
        <h2><a aria-hidden=true class=anchor href="#n"></a>Navier</h2>
        <dl><dt>scale(x)<a class=headerlink href="#scale">¶</a></dt><dd><p>{PROSE}3</p></dd></dl></section></section>
        </div>        <div class=footer>Created using a tool.</div>"""
    )
    found = {"Attention": "attention", "Related work": "related-work", "Navier": "navier-stokes"}
    assert headings(text) == list(found.items())
    assert texts(text)[-2:] == ["scale(x)", f"{PROSE}3"]
    assert not any(word in " ".join(texts(text)) for word in ("index", "¶", "Created"))


def test_an_encyclopedia() -> None:
    text = read(
        f"""<div id=mw-navigation><h2>Navigation menu</h2><ul><li><a href=/>Main page</a></ul></div>
        <main id=content><h1 id=firstHeading>注意力 <i>Attention</i></h1><div id=bodyContent>
        <p>{CHINESE}<sup class=reference><a href="#cite-1">[1]</a></sup> {PROSE}</p>
        <div id=toc class=toc role=navigation><h2>Contents</h2><ul><li><a href="#History">1 History</a></ul></div>
        <div class="mw-heading mw-heading2"><h2 id=History>History</h2>
        <span class=mw-editsection>[<a href=e>edit</a>]</span></div><p>{PROSE}2</p>
        <h2><span class=mw-headline id=历史>历史</span><span class=mw-editsection>[edit]</span></h2>
        <p>{CHINESE}2</p></div></main><footer>Text is available under a licence.</footer>"""
    )
    assert headings(text) == [("注意力 Attention", "firstHeading"), ("History", "History"), ("历史", "历史")]
    assert f"{CHINESE}[1] {PROSE.strip()}" in texts(text)
    assert not any(word in " ".join(texts(text)) for word in ("edit", "Contents", "licence", "Main page"))


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (
            """<p>one <b>bold</b>ness&nbsp;and\n  <i>more</i><script>alert(1)</script><style>p {}</style>
            <span style="display: none">secret</span><span hidden>hidden</span><noscript>switch it on</noscript>end</p>
            <p>first line<br>second line</p><p>gpj\u202egnp.exe\u202c</p>""",
            ["one boldness and more end", "first line", "second line", "gpjgnp.exe"],
        ),
        ("<p>one\0 two</p>", ["one two"]),
        (
            """<ul><li>outer <b>item</b><ul><li>inner item</ul><li>last</ul>
            <table><tr><th>Model<th>BLEU</tr><tr><td>Transformer (大)<td>28.4</tr></table>""",
            ["outer item", "inner item", "last", "Model | BLEU", "Transformer (大) | 28.4"],
        ),
        (
            """<table><tr><td class=linenos><pre>1\n2</pre></td><td class=code><pre>
def  scale(x):\n    <span class=c># 缩放</span>\n\n    return x / 8\n</pre></td></tr></table>""",
            ["def ⇥ scale(x): ⏎ # 缩放 ⏎ return x / 8"],
        ),
        (
            "<pre>rate    1e-4\t# 学习率\r\n  warm-up  4,000 \nEnds here.  Goes on.</pre><p>one  two\tthree</p>",
            ["rate ⇥ 1e-4 ⇥ # 学习率 ⏎ warm-up ⇥ 4,000 ⏎ Ends here. Goes on.", "one two three"],
        ),
    ],
)
def test_text_is_as_a_browser_renders_it(body: str, shown: list[str]) -> None:
    assert texts(read(f"<article><p>{PROSE}</p>{body}<p>{PROSE}</p></article>"))[1:-1] == shown


def test_a_row_of_a_table_is_a_line() -> None:
    rows = ["Task | Owner", "Paint the fence | Ann", "任务 | 负责人", "刷墙 | 安娜", "1 | 1"]
    cells = "".join(f"<tr><td>{row.replace(' | ', '</td><td>')}</td></tr>" for row in rows)
    assert texts(read(f"<article><p>{PROSE}<table>{cells}</table><p>{PROSE}</article>"))[1:-1] == rows


@pytest.mark.parametrize(
    "formula",
    [
        '<script type="math/tex">Q K^T</script>',
        '<span class=MathJax>QKT</span><script type="math/tex">Q K^T</script>',
        '<math alttext="Q K^T"><mi>Q</mi><mi>K</mi></math>',
        "<span class=katex><span class=katex-mathml><math><semantics><mi>Q</mi>"
        '<annotation encoding="application/x-tex">Q K^T</annotation></semantics></math></span>'
        "<span class=katex-html aria-hidden=true>QKT</span></span>",
        '<span class=mwe-math-element><span style="display:none"><math alttext="{\\displaystyle Q K^T}">'
        '<mi>Q</mi></math></span><img alt="{\\displaystyle Q K^T}"></span>',
    ],
)
def test_formulas_are_readable_and_not_repeated(formula: str) -> None:
    text = read(f"<article><p>{PROSE}</p><p>We divide {formula} by eight.</p><p>{PROSE}</p></article>")
    assert texts(text)[1] == r"We divide \(Q K^T\) by eight."


def test_page_furniture_around_an_article_is_dropped() -> None:
    text = read(
        f"""<header><h1>The Site</h1><nav><a href=/>Home</a></nav></header><main><article><header><h1>Attention</h1>
        </header><p>{PROSE * 3}</p><div class="social share">Tweet this</div><h2 id=b>Then</h2><p>{PROSE * 3}</p>
        <div class="related-posts"><h3>Related posts</h3><p>{PROSE}of another post</p></div></article>
        <div id=comments class=comments><h3>2 comments</h3><div class=comment><p>{PROSE}says a reader</p></div></div>
        </main><div class="cookie-consent">We use cookies. {PROSE}</div><footer><p>© 2024 {PROSE}</p></footer>"""
    )
    assert texts(text) == ["Attention", (PROSE * 3).strip(), "Then", (PROSE * 3).strip()]
    assert text.title == "Attention"


def test_what_resembles_furniture_is_kept() -> None:
    text = read(
        f"""<main><h1>Reference</h1><p>{PROSE * 3}</p><div class=block>Deprecated.
        <div class=deprecation-comment>Use the other one: 请用另一个。</div></div>
        <div class=jp-InputPrompt>In [1]:</div><pre>weights = softmax(scores)</pre><p>{PROSE * 3}</p></main>"""
    )
    assert texts(text)[2:-1] == ["Deprecated.", "Use the other one: 请用另一个。", "weights = softmax(scores)"]
    names = ["intro", "social-learning", "author-topic-models", "sharing-weights", "summary-tags"]
    sections = "".join(f"<section id={name}><h2>{name}</h2><p>{PROSE * 2}{name}</p></section>" for name in names)
    found = headings(read(f"<main><h1>Notes</h1>{sections}</main>"))
    assert [heading for heading, _ in found] == ["Notes", *names]


def test_recordings_with_captions_and_frames_on_a_page_are_told() -> None:
    track, chapters = "<track src=a.vtt>", "<track kind=chapters src=b.vtt>"
    shown = f"""<iframe src=" //player.vimeo.com/video/1 "></iframe><iframe data-src="/later"></iframe>
        <video src="/讲座.mp4">{track}</video><audio><source src=b.mp3><source src=b.ogg>{chapters}{track}</audio>
        <video src=bare.mp4></video><video src=c.mp4>{chapters}</video><video src=d.mp4><track></video>"""
    expected = ("//player.vimeo.com/video/1", "/later", "/讲座.mp4", "b.mp3")
    assert read(f"<p>{PROSE}</p>{shown}").players == expected
    assert read(f"<p>{PROSE}</p>").players == ()
    assert len(read(f"<p>{PROSE}</p>" + "".join(f"<iframe src=/{n}></iframe>" for n in range(999))).players) == 50


@pytest.mark.parametrize(
    ("head", "canonical"),
    [
        ("<link rel='nofollow CANONICAL' href='https://a.example/讲座'>", "https://a.example/讲座"),
        ("<link rel=canonical href=/a><link rel=canonical href=/a>", "/a"),
        ("<link rel=canonical href=/a><link rel=canonical href=/b>", None),
        ("<link rel=canonical><link rel=stylesheet href=/a><link href=/b>", None),
    ],
)
def test_the_canonical_address_is_declared_once_in_the_head(head: str, canonical: str | None) -> None:
    assert read(f"<p>{PROSE}</p>", head).canonical == canonical
    assert read(f"<p>{PROSE}</p>{head}").canonical is None


def test_a_page_without_structure_or_without_head_and_body_tags_is_read_whole() -> None:
    text = read("<nav>Home</nav><font><b>Attention</b><br>It looks at words.<br>它看所有的词。</font>")
    assert texts(text) == ["Attention", "It looks at words.", "它看所有的词。"]
    page = f"<!doctype html><meta charset=utf-8><title>T</title><article><h2 id=a>Weights</h2><p>{CHINESE}</article>"
    blocks = read_html(page.encode()).blocks
    assert [(block.text, block.anchor) for block in blocks] == [("Weights", "a"), (CHINESE, "a")]


def test_metadata_of_a_page() -> None:
    head = """<meta property="og:title" content="Attention, explained"><meta name=author content="Ada Lovelace">
    <meta property="article:published_time" content="2021-03-04T10:00:00Z">"""
    text = read(f"<article><h2>Part one</h2><p>{PROSE * 3}</p></article>", head)
    assert (text.title, text.stated.authors, text.stated.published) == (
        "Attention, explained",
        ("Ada Lovelace",),
        "2021-03-04",
    )
    cited = f"""{head}<meta name="citation_author" content="Vaswani, Ashish">
    <meta name="citation_author" content="李宏毅">
    <meta name="citation_journal_title" content="学报"><meta property="og:site_name" content="A site">
    <meta name="citation_doi" content="doi:10.1145/1"><meta name="citation_date" content="2017/6">"""
    text = read(f"<article><h2>Part one</h2><p>{PROSE * 3}</p></article>", cited.replace("10.1145/1", "10.1145/15.2"))
    assert (text.stated.authors, text.stated.published) == (("Ashish\u00a0Vaswani", "李宏毅"), "2017-06")
    assert (text.stated.container, text.stated.doi, text.stated.isbn) == ("学报", "10.1145/15.2", None)
    mentioned = read(f"<article><p>{PROSE} It was 12 June 2017.</p><p>Copyright 2019</p></article>")
    assert mentioned.stated.published is None
    members = "".join(f"<h2>◆ member{number}()</h2><p>{PROSE * 2}{number}</p>" for number in range(3))
    assert read(f"<main><p>{PROSE * 3}</p>{members}</main>").title == "A page", "the first heading of many is no title"


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("<html lang=zh_CN>", "zh-CN"),
        ('<html><meta http-equiv=Content-Language content="de, en">', "de"),
        ("<html lang='${lang}'>", None),
    ],
)
def test_the_declared_language_of_a_page(tag: str, language: str | None) -> None:
    assert read_html(f"{tag}<body><p>{PROSE}</p></body></html>".encode()).language == language


def test_the_charset_of_the_header_counts() -> None:
    czech = "Pozornost se dívá na každé slovo věty zvlášť, a přitom žádné nevynechá."
    assert texts(read_html(f"<p>{czech}".encode("iso-8859-2"), "iso-8859-2")) == [czech]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<!-- nothing -->", "empty page"),
        (page(""), "empty page"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 20, "not a web page"),
        (b'{"a": 1}', "not a web page"),
        (page('<div id=root></div><script src="a.js"></script>'), "made by script"),
        (page("<noscript>Enable JavaScript</noscript><p>Loading 加载中</p><script>1</script>"), "made by script"),
        (page("<form>Sign in <input name=u><input type=Password></form><script>1</script>"), "login"),
        (
            page(f"<p>{PROSE}</p>", '<script type="application/ld+json">{"isAccessibleForFree": false}</script>'),
            "paywall",
        ),
        (page(f"<form action='https://consent.example.com/save'>{PROSE}</form>"), "asks about cookies"),
        (b"<title>Just a moment...</title><p>Checking your browser before you go on.</p><script>1</script>", "check"),
        ("<title>安全验证</title><p>环境异常，完成验证后即可继续访问。</p>".encode(), "check"),
        (b"<html><frameset cols=50%><frame src=a.html></frameset></html>", "frames"),
        (page("", '<meta http-equiv=Refresh content="0;url=/b">'), "another address"),
        (page("<nav><a href=/a>Home</a></nav>"), "navigation"),
    ],
)
def test_a_page_that_shows_no_text_says_why(data: bytes, reason: str) -> None:
    assert reason in refusal(read_html, data)


@pytest.mark.parametrize(
    "title",
    [
        *(
            "Error 404 – A blog",
            "Page not found · GitHub Pages",
            "Oops! That page can’t be found.",
            "Not Found | A blog",
        ),
        *("This article is no longer available", "页面不存在 - 博客", "抱歉，您访问的页面已被删除", "找不到頁面"),
        *("お探しのページが見つかりません", "Seite nicht gefunden", "Страница не найдена"),
    ],
)
def test_a_page_that_says_that_nothing_is_there_is_no_article(title: str) -> None:
    for head, heading in (("A blog", title), (title, "Sorry!")):
        body = f"<h1>{heading}</h1><p>{'Have a look at our other posts. 请看看我们的其他文章。' * 10}</p>"
        data = f"<html><meta charset=utf-8><title>{head}</title><body>{body}</body></html>".encode()
        assert "it says that nothing is there" in refusal(read_html, data)


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("How a server answers 404 to what it lacks", PROSE * 3),
        ("What is not found in the data", PROSE * 3),
        ("页面置换算法", CHINESE * 5),
        ("Page not found", PROSE * 30),
        ("A short page with a script", f"{PROSE * 2}<script>count()</script>"),
    ],
)
def test_an_article_about_pages_that_are_gone_is_read(title: str, text: str) -> None:
    data = f"<html><meta charset=utf-8><title>{title}</title><h1>{title}</h1><p>{text}</p></html>".encode()
    assert texts(read_html(data))[0] == title


def check(data: bytes, charset: str | None = None) -> None:
    """Check that the text is safe to show, or refused."""
    try:
        text = read_html(data, charset)
    except Unfetched as error:
        assert error.reason
        return
    assert text.blocks
    for block in text.blocks:
        assert block.text.strip() == block.text != ""
        assert all(c.isprintable() or c in "\u200c\u200d\u3000" or c.isspace() for c in block.text)


def test_hostile_pages_give_text_or_a_reason() -> None:
    for body in (
        f"<p>{'注意力' * 70_000}</p>",
        "<div>" * 100_000 + PROSE + "</div>" * 100_000,
        f"<p {' '.join(f'a{n}=b' for n in range(3_000))}>{PROSE}</p>",
        f"<p>{PROSE}\0\0</p>&#0;&#xD800;&#99999999;&broken;&amp",
        f"<p>{PROSE}<plaintext></p><p>more",
        f"<p>{PROSE}</p><!-- {PROSE}",
        f"<h1>{PROSE * 90}",
        f"<p>⟦7⟧ ⟦99999999999999999999⟧ {PROSE}</p>",
    ):
        check(page(body))
    check(b"<?xml version='1.0' encoding='utf-7'?><html xmlns='http://www.w3.org/1999/xhtml'><p>text</p></html>")
    check(b"<" * 100_000)


PIECES = st.sampled_from(
    ["<p>", "</p>", "<h1 id=a>", "</h2>", "<table><tr><td>", "</table>", "<a href=#>", "<pre>\n", "<br>", "<!--", "-->",
     "<script>", "<nav>", "<math>", "<svg>", "<frameset>", "<plaintext>", "&#x;", "\0", "\u202e", "⟦1⟧", "注意力",
     PROSE]
)  # fmt: skip


MARKUP = st.lists(PIECES | st.text(max_size=8), max_size=30).map(
    lambda parts: "".join(parts).encode("utf-8", "replace")
)


@given(MARKUP | st.binary(max_size=400).map(lambda data: b"<p>" + data), st.sampled_from([None, "gbk", "utf-16", "x"]))
@fuzz(30)
def test_any_markup(data: bytes, charset: str | None) -> None:
    check(data, charset)
