"""Kept moments as text, as Markdown, as cards for Anki and as playlists, and in the form of `/api/kept`."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from html import escape
from typing import NamedTuple
from urllib.parse import quote

from seekpoint.index.text.clean import clean, printable
from seekpoint.index.types import KeptMoment, iso_time
from seekpoint.query.answers import Answer, Confidence, Moment
from seekpoint.query.links import timestamp
from seekpoint.query.output.exports import escaped, item, table, to_m3u
from seekpoint.query.output.json import KeptJson, as_json
from seekpoint.query.output.references import byline, keys_of, to_csl_json
from seekpoint.query.output.terminal import heading_path, moment_lines, positions, wrapped
from seekpoint.safe_links import is_openable

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


_INDENT = "   "


class KeptFormat(NamedTuple):
    """A format for files of kept moments: the suffix, the media type and the function that renders them."""

    suffix: str
    media_type: str
    render: Callable[[Sequence[KeptMoment]], str]


def to_json(moments: Iterable[KeptMoment], present: Container[str]) -> KeptJson:
    """The moments in the form of `/api/kept`; `present` are the ids of the resources that the library has."""
    documents = []
    for kept in moments:
        document = as_json(kept, timestamp=timestamp(kept.start), removed=kept.resource.id not in present)
        documents.append(document | {"note": "\n".join(_lines(kept.note))})
    return {"moments": documents}


def to_text(moments: Iterable[KeptMoment], present: Container[str], *, styled: bool, width: int | None) -> str:
    """The moments of each collection for a terminal, as `ask` prints them, with what was asked and the notes."""
    blocks = list[list[str]]()
    for name, group in by_collection(moments).items():
        if name:
            blocks.append(wrapped(f"{clean(name)}:", width))
        for rank, kept in enumerate(group, 1):
            remarks = [*_remarks(kept), *([] if kept.resource.id in present else ["no longer in the library"])]
            lines = [line for remark in remarks for line in wrapped(remark, width, _INDENT, _INDENT)]
            blocks.append([*moment_lines(as_moment(kept, rank), styled, width), *lines])
    return "\n\n".join(map("\n".join, blocks))


def to_markdown(moments: Sequence[KeptMoment], keys: Mapping[str, str] = {}) -> str:
    """A heading for each collection, and lists of links with quotes, the questions that led to them, and notes."""
    blocks = []
    for name, group in by_collection(moments).items():
        blocks.append(f"## {escaped(clean(name) or TITLE)}")
        for rank, kept in enumerate(group, 1):
            blocks.append(item(as_moment(kept, rank), _remarks(kept), keys))
    return "\n\n".join(blocks) + "\n"


def to_csl(moments: Sequence[KeptMoment]) -> str:
    """The entries of the resources as the library knows them now, each with when a moment of it was kept."""
    return to_csl_json({kept.resource.id: (kept.resource, iso_time(kept.added)) for kept in moments}) + "\n"


def to_anki(moments: Sequence[KeptMoment]) -> str:
    """A text file for Anki's import, a card a moment: the question, then the note, the quote and the link.

    Anki knows a card again by its GUID; without one, those with the same question would replace each other.
    """
    return f"{_ANKI_HEADER}\n{table(map(_card, moments))}\n"


def to_playlist(moments: Sequence[KeptMoment]) -> str:
    """A playlist of what plays."""
    names = list(by_collection(moments))
    title = names[0] if len(names) == 1 else TITLE
    playing = tuple(as_moment(kept, rank) for rank, kept in enumerate(moments, 1))
    return to_m3u(Answer(title or TITLE, Confidence.HIGH, playing)) + "\n"


KEPT_FORMATS: Mapping[str, KeptFormat] = {
    "markdown": KeptFormat(".md", "text/markdown", to_markdown),
    "pandoc": KeptFormat(
        ".md", "text/markdown", lambda kept: to_markdown(kept, keys_of(each.resource for each in kept))
    ),
    "csl-json": KeptFormat(".json", "application/vnd.citationstyles.csl+json", to_csl),
    "anki": KeptFormat(".csv", "text/csv", to_anki),
    "m3u": KeptFormat(".m3u8", "audio/x-mpegurl", to_playlist),
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


def _remarks(kept: KeptMoment) -> list[str]:
    return [*([f"asked: {clean(kept.question)}"] if kept.question else []), *filter(None, _lines(kept.note))]


def _lines(note: str) -> list[str]:
    return [clean(line) for line in note.splitlines()]


def _card(kept: KeptMoment) -> tuple[str, ...]:
    place = " · ".join([clean(kept.resource.title) or kept.resource.id, *positions(as_moment(kept))])
    link = _on_card(place)
    if is_openable(kept.link):
        address = _OBEYED.sub(lambda obeyed: quote(obeyed[0]), printable(kept.link))
        link = f'<a href="{escape(address)}">{link}</a>'
    note = "<br>".join(map(_on_card, _lines(kept.note)))
    said = f"<blockquote>{_on_card(clean(kept.quote))}</blockquote>"
    back = [f"<p>{note}</p>"] if note else []
    below = [byline(kept.resource), *map(heading_path, kept.resource.sections), clean(kept.chapter or "")]
    back += [said, link, *(f"<br>{_on_card(line)}" for line in below if line)]
    front = _on_card(clean(kept.question) or place)
    tags = [TITLE.lower(), *filter(None, [_NOT_IN_TAGS.sub("_", clean(kept.collection)).strip("_")])]
    if front.startswith(_ACTIVE):
        front = f"&#{ord(front[0])};{front[1:]}"
    return front, "".join(back), " ".join(tags), f"{TITLE.lower()} {kept.resource.id} {kept.place}"


def _on_card(text: str) -> str:
    """The HTML of a text that Anki shows as it is; what it would obey is parted by a character that nobody sees."""
    return escape(_OBEYED.sub(lambda obeyed: obeyed[0] + _WORD_JOINER, text))
