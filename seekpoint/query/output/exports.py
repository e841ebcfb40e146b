"""An answer for other programs: Markdown for notes, CSV for spreadsheets, a playlist for players. All pure."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote

from seekpoint.index.text.clean import clean, printable
from seekpoint.query.answers import Answer, Moment
from seekpoint.query.links.timestamps import is_openable, timestamp
from seekpoint.query.output.terminal import no_answer

COLUMNS = (
    *("question", "answered", "rank", "score", "title", "kind", "section", "chapter"),
    *("language", "start", "end", "timestamp", "page", "quote", "link"),
)

# What Markdown, or a common extension of it, gives a meaning within a line, and at its beginning.
_INLINE = re.compile(r"[\\`*_\[\]<>~$]|&(?=#?\w+;)|#(?=#*\Z)")
_LEADING = re.compile(r"([0-9]{1,9})([.)])|[-+#=:|]")
# What would end a link's address, or begin something that is read before links are.
_IN_ADDRESS = re.compile(r"[\s<>()\[\]\\`]")
_ENTITY = re.compile(r"&(?=#?\w+;)")
# Spreadsheets run a cell that begins so; after an apostrophe it's text (https://owasp.org, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def to_markdown(answer: Answer) -> str:
    """The answer as a list for notes: links, times, and quotes in which the matches are bold."""
    blocks = [f"## {_markdown(clean(answer.question))}"]
    if not answer.answered:
        blocks.append(no_answer(answer))
    return "\n\n".join([*blocks, *map(_item, answer.moments)])


def _item(moment: Moment) -> str:
    number = f"{moment.rank}. "
    paragraph = "\\\n".join([f"{_linked_title(moment)} · {' · '.join(_place(moment))}", *_under(moment)])
    indent = " " * len(number)
    return f"{number}{paragraph}\n\n> “{_quote(moment)}”".replace("\n", f"\n{indent}").replace(f"{indent}\n", "\n")


def _linked_title(moment: Moment) -> str:
    title = _markdown(clean(moment.resource.title)) or "…"
    if not is_openable(moment.link):
        return title
    address = _IN_ADDRESS.sub(lambda found: quote(found[0], safe=""), printable(moment.link))
    return f"[{title}]({_ENTITY.sub('&amp;', address)})"


def _place(moment: Moment) -> Iterator[str]:
    if moment.start is not None:
        yield timestamp(moment.start) or ""
    if moment.page is not None:
        yield f"p. {moment.page}"
    yield _markdown(clean(moment.language))


def _under(moment: Moment) -> Iterator[str]:
    for path in moment.resource.sections:
        if headings := " › ".join(map(clean, path)):
            yield _begun(_markdown(headings))
    if moment.chapter:
        yield f"in: {_markdown(clean(moment.chapter))}"


def _quote(moment: Moment) -> str:
    parts, done = [], 0
    for start, stop in moment.marks:
        parts += [_markdown(_line(moment.quote[done:start])), _bold(_line(moment.quote[start:stop]))]
        done = stop
    return "".join([*parts, _markdown(_line(moment.quote[done:]))])


def _bold(text: str) -> str:
    """Text in bold, where asterisks can make it so: they don't beside punctuation at its ends."""
    is_word = all(unicodedata.category(end)[0] not in "PSZ" for end in (text[:1], text[-1:]) if end)
    return f"**{_markdown(text)}**" if text and is_word else _markdown(text)


def _line(text: str) -> str:
    """A part of a text, made safe: its white space stays, as spaces."""
    return re.sub(r"\s", " ", printable(re.sub(r"\s", " ", text)))


def _markdown(text: str) -> str:
    return _INLINE.sub(r"\\\g<0>", text)


def _begun(text: str) -> str:
    """Text that begins a line, where it isn't taken for a list, a heading or a rule."""
    found = _LEADING.match(text)
    if not found:
        return text
    return f"{found[1]}\\{text[found.start(2) :]}" if found[2] else f"\\{text}"


def to_csv(answer: Answer, *, with_header: bool = True) -> str:
    """The answer as a table, a row a moment, in which no cell is a formula."""
    table = io.StringIO(newline="")
    writer = csv.writer(table, lineterminator="\n")
    if with_header:
        writer.writerow(COLUMNS)
    writer.writerows(map(_cell, _row(answer, moment)) for moment in answer.moments)
    return table.getvalue().removesuffix("\n")


def _row(answer: Answer, moment: Moment) -> tuple[object, ...]:
    resource = moment.resource
    return (
        *(answer.question, str(answer.answered).lower(), moment.rank, moment.score, resource.title, resource.kind),
        *("; ".join(" › ".join(path) for path in resource.sections), moment.chapter, moment.language),
        *(moment.start, moment.end, timestamp(moment.start), moment.page, moment.quote, moment.link),
    )


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = clean(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def to_m3u(answer: Answer) -> str:
    """A playlist of the moments that play, each from its second: VLC reads that from the option, others from links."""
    lines = ["#EXTM3U", f"#PLAYLIST:{clean(answer.question)}"]
    for moment in answer.moments:
        if moment.start is not None and is_openable(moment.link):
            lines += _entry(moment, int(moment.start))
    return "\n".join(lines)


def _entry(moment: Moment, start: int) -> Iterator[str]:
    yield f"#EXTINF:-1,{clean(moment.resource.title)} {timestamp(moment.start)}"
    yield f"#EXTVLCOPT:start-time={start}"
    yield clean(moment.link).removesuffix(f"#t={start}")  # a player takes that for a part of a file's name


FORMATS: Mapping[str, Callable[[Answer], str]] = {
    "markdown": to_markdown,
    "csv": to_csv,
    "m3u": to_m3u,
}
"""What `ask --format` offers beside plain text and JSON."""
