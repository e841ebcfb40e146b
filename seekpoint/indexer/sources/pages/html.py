"""Parses web pages: their article, with the ids that links can jump to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from itertools import dropwhile, groupby

from lxml import etree

from seekpoint.index.errors import unavailable
from seekpoint.index.text.clean import CELL_BREAK, clean
from seekpoint.index.text.languages import is_tag
from seekpoint.index.types import Details, completed
from seekpoint.indexer.sources.metadata import citation, person, stated_authors, stated_text
from seekpoint.indexer.sources.pages.article import article_of
from seekpoint.indexer.sources.pages.charset import decoded, is_garbage
from seekpoint.indexer.sources.pages.text_runs import Element, TextRun, dom_of, text_runs_of
from seekpoint.indexer.transcript.text_timeline import Block, ParsedDocument, Role

# Characters; a longer row of a table becomes a block per cell.
_LONGEST_ROW = 400
_MOST_PLAYERS = 50

_TAG = re.compile(r"<[!/?a-z]", re.IGNORECASE)
_DATED = (
    "//meta[re:test(concat(@property, ' ', @name, ' ', @itemprop), 'date|time', 'i')]"
    " | //time | //script[@type='application/ld+json'] | //*[self::div or self::span or self::p or self::small"
    " or self::em or self::i][re:test(concat(@class, ' ', @id, ' ', @itemprop), 'date|time|publish|meta', 'i')]"
    "[string-length(.) < 100]"
)
# The elements with dates, containers and numbers.
_CITED = (
    ("citation_publication_date", "citation_date", "citation_online_date"),
    (*("citation_journal_title", "citation_conference_title", "citation_inbook_title"), "og:site_name"),
    ("citation_doi", "prism.doi", "dc.identifier", "citation_isbn"),
)
_OF_A_HEAD = frozenset(
    {"title", "meta", "link", "base", "style", "script", "noscript", "template", "basefont", "bgsound"}
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def read_html(data: bytes, charset: str | None = None) -> ParsedDocument:
    r"""Parse a page's article; `charset` is from its HTTP header. Raises Unfetched if there is none.

    The text of a block is as rendered, except formulas, which become `\(TeX\)`. Text fragments match only within a
    rendered run: runs are blocks of their own, or are separated by ` | ` in a table row and ` ⏎ ` in code.
    """
    root = _parsed(data, charset)
    runs = text_runs_of(root)
    if code := _access_problem(root, runs):
        raise unavailable(code)
    stated, known = _metadata(root)
    article = article_of(root, runs)
    blocks = tuple(blocks_of(article))
    if not blocks:
        raise unavailable("navigation_only")
    if _is_gone(root, article):
        raise unavailable("says_gone")
    title = _title(article, root, stated)
    links = root.iterfind("./head//link[@href]")
    canonical = {link.get("href") for link in links if "canonical" in (link.get("rel") or "").lower().split()}
    # A head that declares several addresses as the page's own declares none.
    address = canonical.pop() if len(canonical) == 1 else None
    known = completed(_citation(root), known)
    return ParsedDocument(blocks, title, known, _language(root), address, players=_players(root))


def _parsed(data: bytes, charset: str | None) -> Element:
    text = decoded(data, charset).replace("\0", "")
    if not text.strip():
        raise unavailable("page_without_text")
    head = text[:100_000]
    if not _TAG.search(head) or is_garbage(head):
        raise unavailable("not_a_page")
    try:
        root = dom_of(text, too_deep="page_too_deep")
    except (etree.LxmlError, ValueError) as error:
        raise unavailable("page_of_markup") from error
    # Move stray elements to the body, as HTML 5 does: libxml2 keeps unknown ones, such as `article`, in the head.
    head = root.find("head")
    stray = [] if head is None else list(dropwhile(lambda child: child.tag in _OF_A_HEAD, head))
    if stray:
        body = root.find("body")
        if body is None:
            body = etree.SubElement(root, "body")
        for position, child in enumerate(stray):
            body.insert(position, child)
    return root


def blocks_of(article: Sequence[TextRun]) -> Iterator[Block]:
    """A block per run; the cells of a table row share one."""
    anchor = None
    for row, grouped in groupby(article, key=lambda run: run.row):
        runs = list(grouped)
        is_row = row is not None and all(run.heading is None for run in runs)
        if is_row and sum(len(run.text) for run in runs) <= _LONGEST_ROW:
            yield Block(CELL_BREAK.join(run.text for run in runs), anchor=anchor)
            continue
        for run in runs:
            if run.heading is not None:
                anchor = run.anchor
            yield Block(run.text, Role.BODY if run.heading is None else Role.HEADING, anchor)


def _metadata(root: Element) -> tuple[str | None, Details]:
    """The title, the authors and the date that a page states."""
    from trafilatura.metadata import extract_metadata

    try:
        metadata = extract_metadata(deepcopy(root), extensive=False)
    except Exception:  # an error in trafilatura; the page can be read without it
        return None, Details()
    published = None
    if metadata.date is not None and _DATE.fullmatch(metadata.date):
        # A date elsewhere than in elements that state dates may be of anything.
        dated = root.xpath(_DATED, namespaces={"re": "http://exslt.org/regular-expressions"})
        texts = (element.get("content") or element.get("datetime") or element.text_content() for element in dated)
        published = metadata.date if metadata.date[:4] in " ".join(texts) else None
    return stated_text(metadata.title) or None, Details(
        published=published, authors=stated_authors(metadata.author or "")
    )


def _citation(root: Element) -> Details:
    """What a page states so that it can be cited: https://scholar.google.com/intl/en/scholar/inclusion.html#indexing."""
    found: dict[str, list[str]] = {}
    for meta in root.iter("meta"):
        if value := stated_text(meta.get("content")):
            found.setdefault((meta.get("name") or meta.get("property") or "").lower(), []).append(value)
    dates, containers, numbers = ([each for tag in tags for each in found.get(tag, ())] for tags in _CITED)
    return citation(map(person, found.get("citation_author", ())), dates, containers, numbers)


def _players(root: Element) -> tuple[str, ...]:
    """The addresses of the recordings with captions on a page, and of the frames in it, where players are."""
    addresses = root.xpath("//iframe/@src | //iframe/@data-src")
    for player in root.iter("video", "audio"):
        tracks = (track.get("kind", "subtitles").lower() for track in player.iter("track") if track.get("src"))
        if any(kind in ("subtitles", "captions") for kind in tracks):
            addresses += player.xpath("(@src | .//source/@src)[1]")
    return tuple(dict.fromkeys(address.strip() for address in addresses))[:_MOST_PLAYERS]


def _title(article: Sequence[TextRun], root: Element, stated: str | None) -> str | None:
    """The only h1, else the first heading if the <title> contains it, else the stated title or the <title>."""
    headings = [run for run in article if run.heading is not None]
    h1s = [run.text for run in headings if run.heading.tag == "h1"]
    head_title = clean(root.xpath("string(.//title)"))
    if len(h1s) != 1:
        h1s = [run.text for run in headings[:1] if run.text.casefold() in head_title.casefold()]
    if h1s:
        return stated_text(h1s[0]) or None
    # The stated title may be trafilatura's guess from the first heading.
    titles = " ".join(
        [head_title, *root.xpath("//meta[contains(@property, 'title') or contains(@name, 'title')]/@content")]
    )
    is_stated = stated is not None and stated.casefold() in clean(titles).casefold()
    return stated if is_stated else stated_text(head_title) or stated


def _language(root: Element) -> str | None:
    declared = [root.get("lang"), root.get("{http://www.w3.org/XML/1998/namespace}lang"), root.get("xml:lang")]
    for meta in root.iter("meta"):
        if (meta.get("http-equiv") or meta.get("name") or "").lower() in ("content-language", "language"):
            declared.append(meta.get("content"))
    tags = (clean(tag or "").split(",")[0].strip().replace("_", "-") for tag in declared)
    return next((tag for tag in tags if is_tag(tag)), None)


# Characters: the longest notice, a page with little text, and one with next to none.
_NOTICE = 1500
_LITTLE = 250
_NOTHING = 100

_CHALLENGE = re.compile(
    r"just a moment|checking (?:your|if the site connection)|attention required|verify(?:ing)? (?:that )?you are"
    r"|are you (?:a )?(?:human|robot)|not a robot|captcha|unusual traffic|access denied|环境异常|安全验证|人机验证"
    r"|访问验证|验证码|请完成验证|安全检查|ロボットではありません",
    re.IGNORECASE,
)
_LONGEST_HEADING = 80
_GONE = re.compile(
    r"^\W*(?:error|http)?\W*404\W*(?:error)?\W*$|^\W*not found\W*$"
    r"|\b(?:page|article|post|document|content)\b.*(?:not found|(?:n['’]t|not) (?:be found|exist|available)"
    r"|no longer|been (?:removed|deleted))"
    r"|(?:页面|頁面|网页|網頁|文章|内容|內容|帖子).*(?:不存在|未找到|没找到|不见了|删除|刪除|下架|失效|走丢)"
    r"|(?:找不到|没有找到|沒有找到|无法找到|無法找到).*(?:页|頁|文章|内容|內容)"
    r"|ページ.*(?:見つかりません|存在しません)|페이지를 찾을 수 없|seite.*nicht gefunden"
    r"|page.*(?:introuvable|non trouvée)|página.*(?:no existe|no.* encontra)|pagina non trovata|страница не найдена",
    re.IGNORECASE,
)
_TITLE_BREAK = re.compile(r"\s[|–—·•-]\s|[:：|_]")
_CHALLENGE_PARTS = (
    ".//*[contains(@id, 'challenge-') or contains(@class, 'cf-browser-verification') or contains(@class, 'g-recaptcha')"
    " or contains(@class, 'h-captcha') or contains(@class, 'cf-turnstile')]"
)
_CONSENT_FORM = ".//form[starts-with(@action, 'https://consent.')]"
_PAYWALL = re.compile(r'"isAccessibleForFree"\s*:\s*"?false', re.IGNORECASE)
_JAVASCRIPT = re.compile(r"javascript|java script|enable js", re.IGNORECASE)


def _access_problem(root: Element, runs: Sequence[TextRun]) -> str | None:
    """The code of the reason why a page can't be read; `None` if it shows its text."""
    length = sum(len(run.text) for run in runs)
    if length > _NOTICE:
        return None
    is_little = length <= _LITTLE
    says_so = any(_CHALLENGE.search(run.text) for run in runs) or root.xpath(_CHALLENGE_PARTS)
    if (is_little and says_so) or _CHALLENGE.search(clean(root.xpath("string(.//title)"))):
        return "check_for_people"
    if root.xpath(_CONSENT_FORM):
        return "cookies_first"
    scripts = [script.text or "" for script in root.iter("script")]
    if any(map(_PAYWALL.search, scripts)):
        return "paywall"
    if is_little and root.xpath(".//input[translate(@type, 'PASWORD', 'pasword')='password']"):
        return "login"
    asks = length > 0 and any(_JAVASCRIPT.search("".join(notice.itertext())) for notice in root.xpath("//noscript"))
    if scripts and is_little and (length <= _NOTHING or asks):
        return "made_by_script"
    if length:
        return None
    if root.find(".//frameset") is not None or root.find(".//frame") is not None:
        return "frames"
    refreshes = root.xpath(".//meta[translate(@http-equiv, 'REFSH', 'refsh')='refresh']")
    return "sends_on" if refreshes else "page_empty"


def _is_gone(root: Element, article: Sequence[TextRun]) -> bool:
    """Whether a page says that its content is gone: in its title, in a heading, or in all of a short text."""
    length = sum(len(run.text) for run in article)
    if length > _NOTICE:
        return False
    shown = [run.text for run in article if run.heading is not None or length <= _LITTLE]
    title = clean(root.xpath("string(.//title)"))
    return any(
        len(part) <= _LONGEST_HEADING and _GONE.search(part)
        for text in (title, *shown)
        for part in _TITLE_BREAK.split(text)
    )
