"""Answers as Markdown for notes, as CSV and as playlists: the formats of `ask --format` beside text and JSON."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from urllib.parse import quote

from seekpoint.index.text.clean import clean, printable
from seekpoint.query.answers import Answer, Moment
from seekpoint.query.links import timestamp
from seekpoint.query.output.references import authors_of, byline, keys_of, to_csl_json
from seekpoint.query.output.terminal import heading_path, known_language, positions, quote_parts, verdict
from seekpoint.safe_links import is_openable

# Characters that have a meaning in Markdown, or in a common extension of it, within a line and at its beginning.
_INLINE = re.compile(r"[\\`*_\[\]<>~$@^]|&(?=#?\w+;)|#(?=#*\Z)")
_LEADING = re.compile(r"([0-9]{1,9})([.)])|[-+#=:|]")
# Pandoc reads any other key in braces.
_PLAIN_KEY = re.compile(r"\w+(?:[:.+/-]\w+)*")
# Characters that end a link's address, or begin something that is parsed before links are.
_IN_ADDRESS = re.compile(r"[\s<>()\[\]\\`]")
_ENTITY = re.compile(r"&(?=#?\w+;)")


def to_markdown(answer: Answer, keys: Mapping[str, str] = {}) -> str:
    """The answer as a list of links with times, and quotes whose matches are bold; `keys` as in an item.

    An empty line ends it, without which Pandoc takes the heading of what is printed next for text.
    """
    lines = [line] if (line := verdict(answer)) else []
    items = (item(moment, (), keys) for moment in answer.moments)
    return "\n\n".join([f"## {escaped(clean(answer.question))}", *map(escaped, lines), *items]) + "\n"


def item(moment: Moment, note: Sequence[str] = (), keys: Mapping[str, str] = {}) -> str:
    """An item of a list: the link, the quote with a citation if the resource has a key, and the lines of a note."""
    title = linked(clean(moment.resource.title) or "…", moment.link)
    app = [f"[{link.partition(':')[0].capitalize()}]({link})"] if (link := moment.app_link) else []
    languages = (escaped(clean(tag)) for tag in known_language(moment))
    headings = filter(None, map(heading_path, moment.resource.sections))
    by = [_line(line)] if (line := byline(moment.resource)) else []
    place = [" · ".join([title, *positions(moment), *languages, *app]), *by, *map(_line, headings)]
    if moment.chapter:
        place.append(f"in: {escaped(clean(moment.chapter))}")
    quoted = ""
    for part, is_match in quote_parts(moment):
        text = re.sub(r"\s", " ", printable(re.sub(r"\s", " ", part)))
        # Markdown allows no bold beside punctuation at its ends.
        is_word = all(unicodedata.category(end)[0] not in "PSZ" for end in (text[:1], text[-1:]) if end)
        quoted += f"**{escaped(text)}**" if text and is_match and is_word else escaped(text)
    number = f"{moment.rank}. "
    speaker = f"{_line(clean(moment.speaker))}: " if moment.speaker else ""
    if keys:
        key = keys[moment.resource.id]
        time = "{}" if moment.start is not None else ""  # which Pandoc would take for a page
        cited = f", {time}".join([f"@{key}" if _PLAIN_KEY.fullmatch(key) else f"@{{{key}}}", *positions(moment)])
    said = f"> {speaker}“{quoted}”{f' [{cited}]' if keys else ''}"
    paragraphs = ["\\\n".join(place), said, *(["\\\n".join(map(_line, note))] if note else [])]
    indent = " " * len(number)
    return (number + "\n\n".join(paragraphs).replace("\n", f"\n{indent}")).replace(f"{indent}\n", "\n")


def linked(name: str, link: str) -> str:
    """A name as a link, where a program may open it."""
    if not is_openable(link):
        return _line(name)
    address = _IN_ADDRESS.sub(lambda match: quote(match[0], safe=""), printable(link))
    return f"[{escaped(name)}]({_ENTITY.sub('&amp;', address)})"


def escaped(text: str) -> str:
    """The text without what Markdown takes for markup within a line."""
    return _INLINE.sub(r"\\\g<0>", text)


def _line(text: str) -> str:
    """The text as a line of its own, without what Markdown takes for a list, a heading or a rule at its beginning."""
    line = escaped(text)
    match = _LEADING.match(line)
    if not match:
        return line
    return f"{match[1]}\\{line[match.start(2) :]}" if match[2] else f"\\{line}"


COLUMNS = (
    *("question", "answered", "confidence", "rank", "score", "title", "kind", "section", "chapter"),
    *("language", "start", "end", "timestamp", "page", "quote", "link", "speaker"),
    *("authors", "published", "container", "doi", "isbn"),
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
    import csv

    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().removesuffix("\n")


def _rows(answer: Answer) -> Iterator[list[object]]:
    for moment in answer.moments:
        resource = moment.resource
        row = (
            *(answer.question, str(answer.answered).lower(), answer.confidence),
            *(moment.rank, moment.score, resource.title, resource.kind),
            *("; ".join(" › ".join(path) for path in resource.sections), moment.chapter, moment.language),
            *(moment.start, moment.end, moment.timestamp, moment.page, moment.quote, moment.link),
            *(moment.speaker, "; ".join(authors_of(resource)), resource.stated.published),
            *(resource.container, resource.doi, resource.isbn),
        )
        cells = [clean(value) if isinstance(value, str) else value for value in row]
        yield [f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell for cell in cells]


def to_m3u(answer: Answer) -> str:
    """The moments of what plays as a playlist: VLC reads the start from `start-time`, other players from the link."""
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


FORMATS: Mapping[str, Callable[[Answer], str]] = {
    "markdown": to_markdown,
    "pandoc": lambda answer: to_markdown(answer, keys_of(each.resource for each in answer.moments)),
    "csl-json": lambda answer: to_csl_json({each.resource.id: (each.resource, each.added) for each in answer.moments}),
    **{"csv": to_csv, "m3u": to_m3u},
}
FOLLOWING: Mapping[str, Callable[[Answer], str]] = {**FORMATS, "csv": to_csv_rows}
"""The formats of the later answers of a stream."""
