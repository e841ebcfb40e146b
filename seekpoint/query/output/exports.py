"""Answers as Markdown for notes, as CSV and as playlists. All pure."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from importlib import import_module
from typing import NamedTuple
from urllib.parse import quote

from seekpoint.index.text.clean import clean, printable
from seekpoint.index.types import KeptMoment
from seekpoint.query.answers import Answer, Confidence, Moment
from seekpoint.query.links import timestamp
from seekpoint.query.output.json import as_json
from seekpoint.query.output.json_schema import KeptJson
from seekpoint.query.output.terminal import heading_path, known_language, positions, quote_parts, verdict
from seekpoint.safe_links import is_openable

# Characters that have a meaning in Markdown, or in a common extension of it, within a line and at its beginning.
_INLINE = re.compile(r"[\\`*_\[\]<>~$]|&(?=#?\w+;)|#(?=#*\Z)")
_LEADING = re.compile(r"([0-9]{1,9})([.)])|[-+#=:|]")
# Characters that end a link's address, or begin something that is parsed before links are.
_IN_ADDRESS = re.compile(r"[\s<>()\[\]\\`]")
_ENTITY = re.compile(r"&(?=#?\w+;)")


def to_markdown(answer: Answer) -> str:
    """The answer as a list of links with times, and quotes whose matches are bold."""
    lines = [line] if (line := verdict(answer)) else []
    return "\n\n".join([f"## {escaped(clean(answer.question))}", *map(escaped, lines), *map(item, answer.moments)])


def item(moment: Moment, note: Sequence[str] = ()) -> str:
    """An item of a list: the link, the quote, and the lines of a note."""
    name = clean(moment.resource.title) or "…"
    title = _line(name)
    if is_openable(moment.link):
        address = _IN_ADDRESS.sub(lambda match: quote(match[0], safe=""), printable(moment.link))
        title = f"[{escaped(name)}]({_ENTITY.sub('&amp;', address)})"
    languages = (escaped(clean(tag)) for tag in known_language(moment))
    headings = filter(None, map(heading_path, moment.resource.sections))
    place = [" · ".join([title, *positions(moment), *languages]), *map(_line, headings)]
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
    paragraphs = ["\\\n".join(place), f"> {speaker}“{quoted}”", *(["\\\n".join(map(_line, note))] if note else [])]
    indent = " " * len(number)
    return (number + "\n\n".join(paragraphs).replace("\n", f"\n{indent}")).replace(f"{indent}\n", "\n")


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
    for moment in answer.moments:
        resource = moment.resource
        row = (
            *(answer.question, str(answer.answered).lower(), answer.confidence),
            *(moment.rank, moment.score, resource.title, resource.kind),
            *("; ".join(" › ".join(path) for path in resource.sections), moment.chapter, moment.language),
            *(moment.start, moment.end, moment.timestamp, moment.page, moment.quote, moment.link),
            moment.speaker,
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


# The formats of `ask --format` beside plain text and JSON.
#
# A new format is a function from an answer to its text, in exports.py or a module of its own, and a line in `FORMATS`.
# The module is imported when the format is asked for.


class Format(NamedTuple):
    """The module of a format, and its functions for the first answer of a stream and for those that follow."""

    module: str
    first: str
    following: str

    def render(self, answer: Answer, *, is_first: bool = True) -> str:
        """The text of an answer, the first of a stream or a later one."""
        module = import_module(f"seekpoint.query.output.{self.module}")
        text: str = getattr(module, self.first if is_first else self.following)(answer)
        return text


FORMATS: Mapping[str, Format] = {
    "markdown": Format("exports", "to_markdown", "to_markdown"),
    "csv": Format("exports", "to_csv", "to_csv_rows"),
    "m3u": Format("exports", "to_m3u", "to_m3u"),
}


TITLE = "Seekpoint"
"""The title of moments that are in no collection, and the tag of all cards."""

# https://docs.ankiweb.net/importing/text-files.html#file-headers
_ANKI_HEADER = "#separator:Comma\n#html:true\n#columns:Front,Back,Tags,GUID\n#tags column:3\n#guid column:4"
# A spreadsheet runs a cell that begins with one of these, and Anki takes a line with the last one for a comment. As an
# HTML entity it's the same text on a card.
_ACTIVE = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "#")

# The first character of what Anki plays, hands to LaTeX or MathJax, or asks for, wherever it stands on a card:
# https://docs.ankiweb.net/media.html, /math.html and /templates/fields.html. Its editor turns HTML entities into
# characters again.
_OBEYED = re.compile(r"\[(?=sound:|anki:|latex\]|\$\$?\]|\[type:)|\{(?=\{)|\\(?=[(\[])", re.IGNORECASE)
_WORD_JOINER = "\u2060"

_NOT_IN_TAGS = re.compile(r"[^\w-]+")


class KeptFormat(NamedTuple):
    """A format for files of kept moments: the suffix, the media type and the function that renders them."""

    suffix: str
    media_type: str
    render: Callable[[Sequence[KeptMoment]], str]


def to_json(moments: Iterable[KeptMoment], present: Container[str]) -> KeptJson:
    """The moments in the form of `/api/kept`; `present` are the ids of the resources that the library has."""
    return {
        "moments": [
            {
                "resource": as_json(kept.resource),
                "place": kept.place,
                "language": as_json(kept.language),
                "start": kept.start,
                "timestamp": timestamp(kept.start),
                "page": kept.page,
                "quote": as_json(kept.quote),
                "link": as_json(kept.link),
                "question": as_json(kept.question),
                "note": "\n".join(_lines(kept.note)),
                "collection": as_json(kept.collection),
                "added": datetime.fromtimestamp(kept.added, UTC).isoformat(timespec="seconds"),
                "removed": kept.resource.id not in present,
            }
            for kept in moments
        ]
    }


def kept_to_markdown(moments: Sequence[KeptMoment]) -> str:
    """A heading for each collection, and lists of links with quotes, the questions that led to them, and notes."""
    blocks = []
    for name, group in by_collection(moments).items():
        blocks.append(f"## {escaped(clean(name) or TITLE)}")
        for rank, kept in enumerate(group, 1):
            asked = [f"asked: {clean(kept.question)}"] if kept.question else []
            blocks.append(item(as_moment(kept, rank), [*asked, *_lines(kept.note)]))
    return "\n\n".join(blocks) + "\n"


def to_anki(moments: Sequence[KeptMoment]) -> str:
    """A text file for Anki's import, a card a moment: the question, then the note, the quote and the link.

    Anki knows a card again by its GUID; without one, those with the same question would replace each other.
    """
    return f"{_ANKI_HEADER}\n{table(map(_card, moments))}\n"


def kept_to_m3u(moments: Sequence[KeptMoment]) -> str:
    """A playlist of what plays."""
    names = list(by_collection(moments))
    title = names[0] if len(names) == 1 else TITLE
    playing = tuple(as_moment(kept, rank) for rank, kept in enumerate(moments, 1))
    return to_m3u(Answer(title or TITLE, Confidence.HIGH, playing)) + "\n"


KEPT_FORMATS: Mapping[str, KeptFormat] = {
    "markdown": KeptFormat(".md", "text/markdown", kept_to_markdown),
    "anki": KeptFormat(".csv", "text/csv", to_anki),
    "m3u": KeptFormat(".m3u8", "audio/x-mpegurl", kept_to_m3u),
}


def by_collection(moments: Iterable[KeptMoment]) -> dict[str, list[KeptMoment]]:
    """The moments of each collection by its name, those that are in none first."""
    groups: dict[str, list[KeptMoment]] = {}
    for moment in sorted(moments, key=lambda each: (each.collection.casefold(), each.collection)):
        groups.setdefault(moment.collection, []).append(moment)
    return groups


def as_moment(kept: KeptMoment, rank: int = 1) -> Moment:
    """The kept moment as one of an answer."""
    return Moment(
        rank, 1.0, kept.resource, kept.language, kept.start, None, kept.quote, kept.link, page=kept.page,
        chapter=kept.chapter,
    )  # fmt: skip


def _lines(note: str) -> list[str]:
    return [clean(line) for line in note.splitlines() if line.strip()]


def _card(kept: KeptMoment) -> tuple[str, ...]:
    place = " · ".join([clean(kept.resource.title) or kept.resource.id, *positions(as_moment(kept))])
    link = _on_card(place)
    if is_openable(kept.link):
        address = _OBEYED.sub(lambda found: quote(found[0]), printable(kept.link))
        link = f'<a href="{escape(address)}">{link}</a>'
    note = "<br>".join(map(_on_card, _lines(kept.note)))
    said = f"<blockquote>{_on_card(clean(kept.quote))}</blockquote>"
    back = [f"<p>{note}</p>"] if note else []
    back += [said, link, *([f"<br>{_on_card(clean(kept.chapter))}"] if kept.chapter else [])]
    front = _on_card(clean(kept.question) or place)
    tags = [TITLE.lower(), *filter(None, [_NOT_IN_TAGS.sub("_", clean(kept.collection)).strip("_")])]
    if front.startswith(_ACTIVE):
        front = f"&#{ord(front[0])};{front[1:]}"
    return front, "".join(back), " ".join(tags), f"{TITLE.lower()} {kept.resource.id} {kept.place}"


def _on_card(text: str) -> str:
    """The HTML of a text that Anki shows as it is; what it would obey is parted by a character that nobody sees."""
    return escape(_OBEYED.sub(lambda found: found[0] + _WORD_JOINER, text))
