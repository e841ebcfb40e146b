"""Answers as Markdown for notes, as CSV and as playlists. All pure."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

from seekpoint.index.file_types import is_openable
from seekpoint.index.text.clean import clean, printable
from seekpoint.query.answers import Answer, Moment
from seekpoint.query.links import timestamp
from seekpoint.query.output.terminal import heading_path, known_language, positions, quote_parts, verdict

# Characters that have a meaning in Markdown, or in a common extension of it, within a line and at its beginning.
_INLINE = re.compile(r"[\\`*_\[\]<>~$]|&(?=#?\w+;)|#(?=#*\Z)")
_LEADING = re.compile(r"([0-9]{1,9})([.)])|[-+#=:|]")
# Characters that end a link's address, or begin something that is parsed before links are.
_IN_ADDRESS = re.compile(r"[\s<>()\[\]\\`]")
_ENTITY = re.compile(r"&(?=#?\w+;)")


def to_markdown(answer: Answer) -> str:
    """The answer as a list of links with times, and quotes whose matches are bold."""
    blocks = [f"## {escaped(clean(answer.question))}"]
    if line := verdict(answer):
        blocks.append(escaped(line))
    return "\n\n".join([*blocks, *map(item, answer.moments)])


def item(moment: Moment, note: Sequence[str] = ()) -> str:
    """An item of a list: the link, the quote, and the lines of a note."""
    number = f"{moment.rank}. "
    languages = (escaped(clean(tag)) for tag in known_language(moment))
    place = " · ".join([_linked_title(moment), *positions(moment), *languages])
    paragraph = "\\\n".join([place, *_headings(moment)])
    indent = " " * len(number)
    remarks = "\n\n" + "\\\n".join(_at_line_start(escaped(line)) for line in note) if note else ""
    return f"{number}{paragraph}\n\n> “{_quote(moment)}”{remarks}".replace("\n", f"\n{indent}").replace(
        f"{indent}\n", "\n"
    )


def _linked_title(moment: Moment) -> str:
    title = escaped(clean(moment.resource.title)) or "…"
    if not is_openable(moment.link):
        return title
    address = _IN_ADDRESS.sub(lambda match: quote(match[0], safe=""), printable(moment.link))
    return f"[{title}]({_ENTITY.sub('&amp;', address)})"


def _headings(moment: Moment) -> Iterator[str]:
    for path in moment.resource.sections:
        if heading := heading_path(path):
            yield _at_line_start(escaped(heading))
    if moment.chapter:
        yield f"in: {escaped(clean(moment.chapter))}"


def _quote(moment: Moment) -> str:
    """The quote on one line, its matches in bold where Markdown allows it: not beside punctuation at their ends."""
    parts = []
    for part, is_match in quote_parts(moment):
        text = re.sub(r"\s", " ", printable(re.sub(r"\s", " ", part)))
        is_word = all(unicodedata.category(end)[0] not in "PSZ" for end in (text[:1], text[-1:]) if end)
        parts.append(f"**{escaped(text)}**" if text and is_match and is_word else escaped(text))
    return "".join(parts)


def escaped(text: str) -> str:
    """The text without what Markdown takes for markup within a line."""
    return _INLINE.sub(r"\\\g<0>", text)


def _at_line_start(text: str) -> str:
    """Escape what Markdown takes for a list, a heading or a rule at the beginning of a line."""
    match = _LEADING.match(text)
    if not match:
        return text
    return f"{match[1]}\\{text[match.start(2) :]}" if match[2] else f"\\{text}"


COLUMNS = (
    *("question", "answered", "confidence", "rank", "score", "title", "kind", "section", "chapter"),
    *("language", "start", "end", "timestamp", "page", "quote", "link"),
)

# A spreadsheet runs a cell that begins with one of these; after an apostrophe it's text (https://owasp.org, "CSV
# Injection").
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def to_csv(answer: Answer) -> str:
    """The answer as a table with a row for each moment, under the names of the columns; no cell is a formula."""
    return table([COLUMNS, *_rows(answer)])


def to_csv_rows(answer: Answer) -> str:
    """The same without the names of the columns, for the later answers of a stream."""
    return table(_rows(answer))


def table(rows: Iterable[Iterable[object]]) -> str:
    """Rows as CSV, without a line break at the end."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().removesuffix("\n")


def _rows(answer: Answer) -> Iterator[list[object]]:
    return ([_cell(value) for value in _row(answer, moment)] for moment in answer.moments)


def _row(answer: Answer, moment: Moment) -> tuple[object, ...]:
    resource = moment.resource
    return (
        *(answer.question, str(answer.answered).lower(), answer.confidence),
        *(moment.rank, moment.score, resource.title, resource.kind),
        *("; ".join(" › ".join(path) for path in resource.sections), moment.chapter, moment.language),
        *(moment.start, moment.end, moment.timestamp, moment.page, moment.quote, moment.link),
    )


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = clean(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def to_m3u(answer: Answer) -> str:
    """The moments of recordings and videos as a playlist.

    VLC reads the start of each from the option `start-time`, other players from the link.
    """
    lines = ["#EXTM3U", f"#PLAYLIST:{clean(answer.question)}"]
    for moment in answer.moments:
        if moment.start is not None and is_openable(moment.link):
            start = int(moment.start)
            lines += [
                f"#EXTINF:-1,{clean(moment.resource.title)} {timestamp(moment.start)}",
                f"#EXTVLCOPT:start-time={start}",
                clean(moment.link).removesuffix(f"#t={start}"),  # a player takes it for a part of the file's name
            ]
    return "\n".join(lines)
