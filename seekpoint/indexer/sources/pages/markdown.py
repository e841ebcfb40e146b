"""Text files: Markdown and plain text, as the paragraphs that a reader sees."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

import regex

from seekpoint.index.errors import Unfetched
from seekpoint.index.text.clean import CELL_BREAK, clean
from seekpoint.index.types import State
from seekpoint.indexer.sources.pages.charset import decoded, is_garbage
from seekpoint.indexer.transcript.blocks import Block, Role, Text

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

    from seekpoint.indexer.sources.pages.text_runs import Passage

# Columns, of which a Chinese character takes two: editors and mailers break lines before that.
_LONG_LINE = 120
# Columns. A longer run of short lines is cut where a sentence ends after the first, and anywhere after the second.
_SHORT_BLOCK, _LONG_BLOCK = 500, 2000
_ITEM = re.compile(r"\s*(?:[-*+•‣–]\s|\d{1,3}(?:[.)]\s|[、．）]))")
_SENTENCE_END = re.compile(r"""[.!?。！？…]["'”’」』)）]*\Z""")
_LINE_END = re.compile(r"\r\n?|[\v\x85\u2028]")
_PAGE_BREAK = re.compile(r"[\f\u2029]")
_WIDE = r"[\p{Han}\p{Hiragana}\p{Katakana}\u3000-\u303f\uff00-\uffef]"
_JOINT = regex.compile(rf"(?<={_WIDE})\n(?={_WIDE})|(?<=\p{{L}}-)\n(?=\p{{Ll}})")
_SAMPLE = 10_000

_FRONT_MATTER = re.compile(r"\A(---|\+\+\+)[ \t]*\n(?=\w[^\n:=]*[:=])((?:.*\n)*?)(?:\1|\.\.\.)[ \t]*(?:\n|\Z)")
_FIELD = re.compile(r"^(\w+)[ \t]*[:=](.*(?:\n(?:[ \t]|-[ \t]).*)*)", re.MULTILINE)
# The parser drops what is nested deeper.
_MAX_NESTING = 100


def read_plain(data: bytes, charset: str | None = None) -> Text:
    """Read a plain text, hard-wrapped or with a line a paragraph; raises Unfetched for what isn't one.

    `charset` is what its HTTP header says.
    """
    return Text(_blocks((words, Role.BODY) for words in _paragraphs(_text(data, charset))))


def read_markdown(data: bytes, charset: str | None = None) -> Text:
    """Read Markdown with what front matter says of it; raises Unfetched for what isn't a text.

    `charset` is what its HTTP header says. A megabyte takes 4 s and 80 MB, and hostile ones take longer: it is for a
    child process.
    """
    text = _text(data, charset)
    front = _FRONT_MATTER.match(text)
    about = _fields(front[2]) if front else {}
    passages = _passages(text[front.end() :] if front else text)
    return Text(
        _blocks(_rows(passages)),
        about.get("title") or _title(passages),
        about.get("author") or about.get("authors"),
        _date(about.get("date", "")),
        about.get("lang") or about.get("language"),
    )


def _unavailable(reason: str) -> Unfetched:
    return Unfetched(State.UNAVAILABLE, reason)


def _blocks(passages: Iterable[tuple[str, Role]]) -> tuple[Block, ...]:
    cleaned = ((clean(words), role) for words, role in passages)
    blocks = tuple(Block(words, role) for words, role in cleaned if any(map(str.isalnum, words)))
    if not blocks:
        raise _unavailable("there are no words in it")
    return blocks


def _text(data: bytes, charset: str | None) -> str:
    is_marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = _wide(data) if b"\0" in data and not is_marked else decoded(data, charset)
    if text is None or is_garbage(text):
        raise _unavailable("not a text file, whatever its name says: save it as UTF-8 text")
    if not text.strip():
        raise _unavailable("the file is empty")
    return _LINE_END.sub("\n", _PAGE_BREAK.sub("\n\n", text))


def _wide(data: bytes) -> str | None:
    """Decode UTF-16 without a byte order mark; `None` for anything else."""
    likeness = {}
    for encoding in ("utf-16-le", "utf-16-be"):
        with suppress(UnicodeDecodeError):
            sample = codecs.getincrementaldecoder(encoding)().decode(data[:_SAMPLE])
            common = sum(map(sample.count, " \n，。"))
            # Pairs of Latin letters would be Chinese characters, but without anything between them.
            if common * 100 >= len(sample) and all(c.isprintable() or c.isspace() for c in sample):
                likeness[encoding] = common
    return data.decode(max(likeness, key=likeness.__getitem__), "replace") if likeness else None


def _paragraphs(text: str) -> Iterator[str]:
    for is_blank, lines in groupby(text.split("\n"), key=lambda line: not line.strip()):
        if not is_blank:
            yield from _gathered([line.strip() for line in lines])


def _gathered(lines: Sequence[str]) -> Iterator[str]:
    """The paragraphs of lines without a blank one between: each line where they are long, else what they wrap."""
    widths = list(map(_width, lines))
    is_wrapped = sum(width for width in widths if width > _LONG_LINE) * 2 <= sum(widths)
    is_long = sum(widths) > _LONG_BLOCK
    pending: list[str] = []
    size = 0
    for line, width in zip(lines, widths, strict=True):
        is_full = is_long and size >= (_SHORT_BLOCK if pending and _SENTENCE_END.search(pending[-1]) else _LONG_BLOCK)
        if pending and (is_full or not is_wrapped or _ITEM.match(line)):
            yield _JOINT.sub("", "\n".join(pending))
            pending, size = [], 0
        pending.append(line)
        size += width
    yield _JOINT.sub("", "\n".join(pending))


def _width(line: str) -> int:
    return len(line) if line.isascii() else sum(1 + (east_asian_width(c) in "WF") for c in line)


def _fields(front: str) -> dict[str, str]:
    return {field[1].lower(): _value(field[2]) for field in _FIELD.finditer(front)}


def _value(written: str) -> str:
    """The value of a field, `A, B` of `[A, "B"]` and of a list of lines."""
    bare = written.strip()
    if bare.startswith("[") and bare.endswith("]"):
        items = bare[1:-1].split(",")
    else:
        items = re.split(r"\n[ \t]*-[ \t]", f"\n{bare}")
    return clean(", ".join(filter(None, (item.strip().strip("\"'") for item in items))))


def _date(written: str) -> str | None:
    with suppress(ValueError):
        return date.fromisoformat(written[:10].replace("/", "-")).isoformat()
    return None


def _title(passages: Sequence[Passage]) -> str | None:
    titles = {passage.heading: passage.text for passage in passages if _level(passage) == "h1"}
    return next(iter(titles.values())) if len(titles) == 1 else None


def _level(passage: Passage) -> str | None:
    return None if passage.heading is None else passage.heading.tag


def _rows(passages: Sequence[Passage]) -> Iterator[tuple[str, Role]]:
    for row, cells in groupby(passages, key=lambda passage: passage.row):
        if row is not None:
            yield CELL_BREAK.join(passage.text for passage in cells), Role.BODY
        else:
            yield from ((cell.text, Role.BODY if cell.heading is None else Role.HEADING) for cell in cells)


def _passages(markdown: str) -> Sequence[Passage]:
    from lxml import etree

    from seekpoint.indexer.sources.pages.text_runs import dom_of, passages_of

    try:
        root, is_too_deep = dom_of(_rendered(markdown))
    except etree.ParserError:  # nothing but comments
        return []
    if is_too_deep:
        raise _unavailable("its HTML elements are nested too deep: save its text to a .txt file and list that")
    return passages_of(root)


def _rendered(markdown: str) -> str:
    parser = _markdown()
    tokens = parser.parse(markdown)
    for token in tokens:
        if token.type in ("list_item_open", "blockquote_open") and token.level + 1 >= _MAX_NESTING:
            line = token.map[0] + 1 if token.map else "?"
            raise _unavailable(f"line {line} is nested too deep to be read: put it further out")
    return str(parser.renderer.render(tokens, parser.options, {}))


@cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING}).enable(["table", "strikethrough"])
    parser.add_render_rule("softbreak", _softbreak)
    return parser


def _softbreak(_: object, tokens: Sequence[Token], position: int, *__: object) -> str:
    before, after = ("".join(token.content for token in tokens[k : k + 1]) for k in (position - 1, position + 1))
    return "" if _JOINT.search(f"{before[-2:]}\n{after[:1]}") else "\n"
