"""Parses Markdown and plain text into the paragraphs that a reader sees."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import groupby
from mimetypes import guess_type
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

import regex

from seekpoint.index.errors import unavailable
from seekpoint.index.text.clean import INDENT, clean
from seekpoint.indexer.sources.metadata import citation, stated_authors
from seekpoint.indexer.sources.pages.charset import decoded, is_garbage
from seekpoint.indexer.transcript.text_timeline import Block, ParsedDocument, Role

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

    from seekpoint.indexer.sources.pages.text_runs import TextRun

# Columns; a Chinese character takes two. Editors and mailers wrap at shorter lines.
_LONG_LINE = 120
# Columns. A long run of short lines is cut at the first sentence end beyond _SHORT_BLOCK, anywhere beyond _LONG_BLOCK.
_SHORT_BLOCK, _LONG_BLOCK = 500, 2000
_ITEM = re.compile(r"\s*(?:[-*+•‣–]\s|\d{1,3}(?:[.)]\s|[、．）]))")
_SENTENCE_END = re.compile(r"""[.!?。！？…]["'”’」』)）]*\Z""")
_LINE_END = re.compile(r"\r\n?|[\v\x85\u2028]")
_PAGE_BREAK = re.compile(r"[\f\u2029]")
_WIDE = r"[\p{Han}\p{Hiragana}\p{Katakana}\u3000-\u303f\uff00-\uffef]"
_JOINT = regex.compile(rf"(?<={_WIDE})\n(?={_WIDE})|(?<=\p{{L}}-)\n(?=\p{{Ll}})")

_FRONT_MATTER = re.compile(r"\A(---|\+\+\+)[ \t]*\n(?=\w[^\n:=]*[:=])((?:.*\n)*?)(?:\1|\.\.\.)[ \t]*(?:\n|\Z)")
_FIELD = re.compile(r"^(\w[\w-]*)[ \t]*[:=](.*(?:\n(?:[ \t]|-[ \t]).*)*)", re.MULTILINE)
_DATED = ("date", "published", "issued", "year")
# As templates for notes on literature name them.
_CONTAINERS = ("container-title", "journal", "publication", "publicationtitle")
# Obsidian's callouts, which GitHub has too, and what its notes embed.
_CALLOUT = re.compile(r"\[!([\w-]{1,40})(?:\|[^\]]*)?\][+-]?[ \t]*")
_EMBED = re.compile(r"!\[\[(?P<target>[^\[\]|\n]{1,500}?)(?:\\?\|(?P<shown>[^\[\]\n]{0,500}))?\]\]")
_SEEN = re.compile(r"(?:image|audio|video)/|application/pdf")
_NOTE = re.compile(r"\[\[(?:[^\[\]|\n/]*/)*([^\[\]|\n/]+)(?:\|[^\[\]\n]*)?\]\]")
_INLINE_ITEM = re.compile(r"""\s*(?:"[^"]*"|'[^']*'|[^,]+)""")
_HIGHLIGHT = "=="
_LATIN = re.compile(r"[A-Za-z0-9_]")
# The parser drops deeper elements.
_MAX_NESTING = 100


def read_plain(data: bytes, charset: str | None = None) -> ParsedDocument:
    """Parse plain text, hard-wrapped or with one line per paragraph; raises Unfetched if it isn't text."""
    groups = groupby(_text(data, charset).split("\n"), key=lambda line: not line.strip())
    texts = (_unwrapped([line.strip() for line in lines]) for is_blank, lines in groups if not is_blank)
    return ParsedDocument(_blocks((words, Role.BODY) for paragraphs in texts for words in paragraphs))


def read_markdown(data: bytes, charset: str | None = None) -> ParsedDocument:
    """Parse Markdown and its front matter; raises Unfetched if it isn't text.

    A megabyte takes 4 s and 80 MB, a hostile one more: call it in the sandbox.
    """
    from seekpoint.indexer.sources.pages.html import blocks_of

    text = _text(data, charset)
    stated, body = front_matter_of(text)
    fields = {name: clean(", ".join(values)) for name, values in stated.items()}
    runs = _text_runs(body)
    titles = {run.heading: run.text for run in runs if run.heading is not None and run.heading.tag == "h1"}
    return ParsedDocument(
        _blocks((block.text, block.role) for block in blocks_of(runs)),
        fields.get("title") or (next(iter(titles.values())) if len(titles) == 1 else None),
        citation(
            (name for value in stated.get("author") or stated.get("authors") or () for name in stated_authors(value)),
            (fields.get(name, "") for name in _DATED),
            (fields.get(name, "") for name in _CONTAINERS),
            (fields.get("doi", ""), fields.get("isbn", "")),
            fields.get("citekey") or fields.get("citation-key") or "",
        ),
        fields.get("lang") or fields.get("language"),
        aliases=tuple(filter(None, map(clean, stated.get("aliases") or stated.get("alias") or ()))),
    )


def front_matter_of(text: str) -> tuple[dict[str, list[str]], str]:
    """The values of each field of the front matter, by name in lower case, and the text below it."""
    front_matter = _FRONT_MATTER.match(text)
    if not front_matter:
        return {}, text
    fields = {field[1].lower(): _values(field[2]) for field in _FIELD.finditer(front_matter[2])}
    return fields, text[front_matter.end() :]


def _blocks(runs: Iterable[tuple[str, Role]]) -> tuple[Block, ...]:
    cleaned = ((clean(words), role) for words, role in runs)
    blocks = tuple(Block(words, role) for words, role in cleaned if any(map(str.isalnum, words)))
    if not blocks:
        raise unavailable("no_words")
    return blocks


def _text(data: bytes, charset: str | None) -> str:
    text = decoded(data, charset)
    if "\0" in text or is_garbage(text):
        raise unavailable("no_text_file")
    if not text.strip():
        raise unavailable("file_empty")
    return _LINE_END.sub("\n", _PAGE_BREAK.sub("\n\n", text))


def _unwrapped(lines: Sequence[str]) -> Iterator[str]:
    """Split consecutive lines into paragraphs: one per line if most lines are long, else unwrap them."""
    widths = list(map(_width, lines))
    is_wrapped = sum(width for width in widths if width > _LONG_LINE) * 2 <= sum(widths)
    is_long = sum(widths) > _LONG_BLOCK
    paragraph: list[str] = []
    size = 0
    for line, width in zip(lines, widths, strict=True):
        is_full = is_long and size >= (
            _SHORT_BLOCK if paragraph and _SENTENCE_END.search(paragraph[-1]) else _LONG_BLOCK
        )
        if paragraph and (is_full or not is_wrapped or _ITEM.match(line)):
            yield _JOINT.sub("", "\n".join(paragraph))
            paragraph, size = [], 0
        paragraph.append(line)
        size += width
    yield _JOINT.sub("", "\n".join(paragraph))


def _width(line: str) -> int:
    return len(line) if line.isascii() else sum(1 + (east_asian_width(c) in "WF") for c in line)


def _values(value: str) -> list[str]:
    """The values of a field: those of a list, inline or in lines, else one; a link to a note is the note's name."""
    bare = _NOTE.sub(r"\1", value).strip()
    if bare.startswith("[") and bare.endswith("]"):
        items = _INLINE_ITEM.findall(bare[1:-1])
    else:
        items = re.split(r"\n[ \t]*-[ \t]", f"\n{bare}")
    return [*filter(None, (item.strip().strip("\"'") for item in items))]


def _text_runs(markdown: str) -> Sequence[TextRun]:
    from lxml import etree

    from seekpoint.indexer.sources.pages.text_runs import dom_of, text_runs_of

    parser = _markdown()
    tokens = parser.parse(markdown)
    for token in tokens:
        if token.type in ("list_item_open", "blockquote_open") and token.level + 1 >= _MAX_NESTING:
            raise unavailable("line_too_deep", line=token.map[0] + 1 if token.map else "?")
    _keep_marks(tokens)
    try:
        return text_runs_of(dom_of(str(parser.renderer.render(tokens, parser.options, {}))))
    except etree.ParserError:  # only comments
        return []


def _keep_marks(tokens: Sequence[Token]) -> None:
    """Write the marks of list items, and the indentation of code, as text, since the text of an element has neither.

    The mark of a callout gives way to its title, which is a line of its own.
    """
    from markdown_it.token import Token

    for outer, paragraph, inline in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if paragraph.type != "paragraph_open" or not inline.children:
            continue
        if outer.type == "list_item_open":
            mark = f"{outer.info}{outer.markup}" if outer.info else "-"
            inline.children.insert(0, Token("text", "", 0, content=f"{mark} "))
        elif outer.type == "blockquote_open" and (callout := _CALLOUT.match(inline.children[0].content)):
            first, line_end = inline.children[0], next((k for k in inline.children if k.type == "softbreak"), None)
            is_untitled = callout.end() == len(first.content) and inline.children[1:2] in ([], [line_end])
            first.content = callout[1].capitalize() if is_untitled else first.content[callout.end() :]
            if line_end:
                line_end.type = "hardbreak"
    for token in tokens:
        if token.type in ("fence", "code_block"):
            lines = token.content.expandtabs(4).splitlines()
            depths = (len(line) - len(line.lstrip(" ")) for line in lines)
            indented = (INDENT * -(-depth // 2) + line.lstrip(" ") for line, depth in zip(lines, depths, strict=True))
            token.content = "\n".join(indented)


@cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING}).enable(["table", "strikethrough"])
    parser.add_render_rule("softbreak", _softbreak)
    parser.inline.ruler.before("image", "embed", _embed)
    parser.inline.ruler.before("emphasis", "highlight", _highlight)
    parser.inline.ruler2.after("balance_pairs", "highlight", _without_highlights)
    return parser


def _embed(state: StateInline, silent: bool) -> bool:
    """Read what Obsidian embeds: the name of a note, or a picture or sound, which has no text."""
    embed = _EMBED.match(state.src, state.pos)
    if embed and not silent:
        is_seen = _SEEN.match(guess_type(embed["target"])[0] or "")
        state.push("text", "", 0).content = "" if is_seen else embed["shown"] or embed["target"].replace("#", " > ")
    state.pos = embed.end() if embed else state.pos
    return embed is not None


def _highlight(state: StateInline, silent: bool) -> bool:
    """Read the marks of `==highlights==`; of `a==b` they are none."""
    from markdown_it.rules_inline.state_inline import Delimiter

    if silent or state.src[state.pos] != "=":
        return False
    scanned = state.scanDelims(state.pos, canSplitWord=True)
    start, stop = state.pos, state.pos + scanned.length
    state.push("text", "", 0).content = state.src[start:stop]
    if scanned.length == len(_HIGHLIGHT):
        opens = scanned.can_open and not _LATIN.fullmatch(state.src[start - 1 : start])
        closes = scanned.can_close and not _LATIN.fullmatch(state.src[stop : stop + 1])
        state.delimiters.append(Delimiter(ord("="), 0, len(state.tokens) - 1, -1, opens, closes))
    state.pos = stop
    return True


def _without_highlights(state: StateInline) -> None:
    nested = (meta["delimiters"] for meta in state.tokens_meta if meta and "delimiters" in meta)
    for delimiters in (state.delimiters, *nested):
        for each in delimiters:
            if each.marker == ord("=") and each.end >= 0:
                state.tokens[each.token].content = state.tokens[delimiters[each.end].token].content = ""


def _softbreak(_: object, tokens: Sequence[Token], position: int, *__: object) -> str:
    before, after = ("".join(token.content for token in tokens[k : k + 1]) for k in (position - 1, position + 1))
    return "" if _JOINT.search(f"{before[-2:]}\n{after[:1]}") else "\n"
