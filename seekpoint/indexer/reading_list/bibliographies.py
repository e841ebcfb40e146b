"""Parses bibliographies, as Zotero and others export them: BibTeX, RIS and CSL JSON."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from unicodedata import lookup, normalize

from seekpoint.files import parsed_json
from seekpoint.index.errors import SourceError
from seekpoint.index.types import Details, Kind
from seekpoint.indexer.reading_list.addresses import kind_of_path, resource_of_path
from seekpoint.indexer.reading_list.entries import Entries
from seekpoint.indexer.sources.metadata import DOI, WIDE, citation, full_name, person, stated_text

BIBTEX_MARK = re.compile(
    r"(?:\s|%[^\n]*\n)*@(?:(?:string|comment|preamble)\s*[{(]|[a-z]+\s*[{(]\s*[^\s,=(){}]+\s*,)", re.IGNORECASE
)
RIS_MARK = re.compile(r"(?:\s|\d+\.\s)*TY  -")
CSL_MARK = re.compile(
    r'\s*(?:\{\s*"items"\s*:\s*)?\[\s*\{(?=.{0,20000}?"(?:URL|DOI|issued|citation-key|container-title)"\s*:)', re.DOTALL
)
"""The beginnings of such files."""

_ADDRESS = re.compile(r"https?://[^\s{}<>\"]+", re.IGNORECASE)
_ARXIV_ID = r"(?:\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v\d+)?(?!\d)"
# In a DOI of arXiv's, and as Google Scholar and Zotero name the journal or the number.
_ARXIV = re.compile(rf"arxiv[:.]\s*({_ARXIV_ID})", re.IGNORECASE)
_EPRINT = re.compile(_ARXIV_ID)
_RIS_FIELD = re.compile(r"^([A-Z][A-Z0-9])(?:  -|  ?- ?)", re.MULTILINE)
_FIELDS_WITH_ADDRESSES = ("url", "howpublished", "link", "bdsk-url-1")
_FIELDS_WITH_ARXIV = ("journal", "journaltitle", "number", "note", "howpublished", "doi")
_CSL_FIELDS_WITH_ARXIV = ("doi", "number", "container-title", "note", "archive_location")
# The marks of an address as BibTeX's programs escape them: \_, {\_} and \{_\}, and a tilde in words.
_ESCAPED = re.compile(r"\\?\{\\?([%&#_~$])(?:\{\})?\\?\}|\\([%&#_~$])(?:\{\})?|\{?\\text(asciitilde)(?:\{\})?\}?")
# Zotero's marks for italics and such, in titles of every format.
_TAG = re.compile(r"</?(?:i|b|em|sub|sup|sc|span)\b[^<>]{0,80}>", re.IGNORECASE)
# Zotero writes title:path:type, JabRef :path:type, and others paths alone; all have ; between, and \ before a mark.
_BETWEEN_FILES, _BETWEEN_PARTS, _ESCAPE = re.compile(r"(?<!\\);"), re.compile(r"(?<!\\):"), re.compile(r"\\([:;\\_ &])")
# LaTeX's accents as combining characters, its letters that have names, and the two as they are written.
_ACCENTS = dict(
    zip(
        "`'^~\"=.uvHckrdb",
        "\u0300\u0301\u0302\u0303\u0308\u0304\u0307\u0306\u030c\u030b\u0327\u0328\u030a\u0323\u0331",
        strict=True,
    )
)
_LETTERS = {"ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "aa": "å", "AA": "Å", "o": "ø", "O": "Ø"}
_LETTERS |= {"l": "ł", "L": "Ł", "i": "i", "j": "j"}
_ACCENTED = re.compile(r"\\(?:([`'^~\"=.])|([uvHckrdb])(?=[\s{\\]))\s*\{?\\?([A-Za-z])\}?")
_COMMAND = re.compile(r"\\([A-Za-z]+)(?:\{\}|\s+)?")
_MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec"
logging.getLogger("bibtexparser").addHandler(logging.NullHandler())


def read_bibtex(text: str, entries: Entries) -> None:
    """Add each record; those that are no BibTeX are counted."""
    from bibtexparser.entrypoint import parse_string
    from bibtexparser.model import Entry

    for block in parse_string(text).blocks:
        record = getattr(block, "ignore_error_block", block)  # one whose key, or a field, is there twice
        if isinstance(record, Entry):
            fields = {field.key.lower(): str(field.value) for field in reversed(record.fields)}
            addresses = [fields[name] for name in _FIELDS_WITH_ADDRESSES if name in fields]
            stated = [fields[name] for name in _FIELDS_WITH_ARXIV if name in fields]
            kind = fields.get("archiveprefix", fields.get("eprinttype", "arxiv")).lower()
            if kind == "arxiv" and (eprint := _EPRINT.search(fields.get("eprint", ""))):
                stated.insert(0, f"arXiv:{eprint[0]}")
            files = [field.value for field in record.fields if field.key.lower() in ("file", "bdsk-file-1")]
            _add(
                entries,
                _without_latex(fields.get("title", "")),
                [*map(_unescaped, addresses)],
                _unescaped(fields.get("doi", "")),
                stated,
                [path for file in files for path in _paths(file)],
                citation(
                    _names(fields.get("author", "")),
                    (fields.get("date", ""), f"{fields.get('year', '')}-{_month(fields)}", fields.get("year", "")),
                    (_without_latex(fields.get(name, "")) for name in ("journaltitle", "journal", "booktitle")),
                    (_unescaped(fields.get("doi", "")), fields.get("isbn", "")),
                    record.key,
                ),
            )
        elif record is None:
            entries.leave_out("not in BibTeX")


def read_ris(text: str, entries: Entries) -> None:
    """Add each record; a field's further lines have no tag."""
    for fields in _ris_records(text):
        _add(
            entries,
            next(_values(fields, "TI", "T1", "CT", "BT"), ""),
            [*_values(fields, "UR", "LK", "L1", "L2")],
            next(filter(DOI.search, _values(fields, "DO", "M3", "DI")), ""),
            [*_values(fields, "DO", "JO", "JF", "T2", "M1", "AN", "N1")],
            [*_values(fields, "L1", "L2")],
            citation(
                map(person, _values(fields, "AU", "A1")),
                _values(fields, "PY", "DA", "Y1"),
                _values(fields, "T2", "JO", "JF", "JA", "BT"),
                _values(fields, "DO", "M3", "DI", "SN"),
                next(_values(fields, "ID"), ""),
            ),
        )


def _values(fields: Mapping[str, Sequence[str]], *tags: str) -> Iterator[str]:
    return (value for tag in tags for value in fields.get(tag, ()))


# Why not rispy: version 0.10.0 loses a record without its ER, as at the end of a file that is cut off, and reads the
# address behind `UR- ` as words of the title.
def _ris_records(text: str) -> Iterator[dict[str, list[str]]]:
    fields: dict[str, list[str]] = {}
    _, *parts = _RIS_FIELD.split("\n".join(text.splitlines()))
    for tag, lines in zip(parts[::2], parts[1::2], strict=True):
        value = " ".join(map(str.strip, lines.splitlines()))
        if tag in ("TY", "ER"):
            if fields:
                yield fields
            fields = {"TY": [value]} if tag == "TY" else {}
        elif fields:
            fields.setdefault(tag, []).append(value)
    if fields:
        yield fields


def read_csl(text: str, entries: Entries) -> None:
    """Add each item; raises SourceError if it isn't JSON."""
    try:
        items: Any = parsed_json(text)
    except ValueError as error:
        raise SourceError(f"its JSON is damaged, so export it again: {error}") from error
    for item in items["items"] if isinstance(items, dict) else items:
        if not isinstance(item, dict):
            entries.leave_out("not in CSL")
            continue
        fields = {str(name).lower(): value for name, value in item.items() if isinstance(value, str)}
        stated = [fields[name] for name in _CSL_FIELDS_WITH_ARXIV if name in fields]
        authors, key = item.get("author"), fields.get("citation-key") or fields.get("id", "")
        known = citation(
            map(_csl_name, authors if isinstance(authors, list) else ()),
            [_issued(item.get("issued"))],
            [_TAG.sub("", fields.get("container-title", ""))],
            [fields.get("doi", ""), fields.get("isbn", "")],
            "" if "/" in key else key,  # Zotero's addresses of items
        )
        _add(entries, fields.get("title", ""), [fields.get("url", "")], fields.get("doi", ""), stated, [], known)


def _add(
    entries: Entries, title: str, addresses: Sequence[str], doi: str, stated: Sequence[str], files: Sequence[str],
    known: Details,
) -> None:  # fmt: skip
    """Add one record: as its file on this disk, its paper on arXiv, its address, or where its DOI leads.

    `stated` are texts that may name the paper on arXiv, `known` is what else the record says.
    """
    title, before = _TAG.sub("", title), len(entries.resources)
    if isinstance(entries.base, Path) and (path := _existing(entries.base, files)):
        entries.append(resource_of_path(path, stated_text(title)))
    elif arxiv := next(filter(None, map(_ARXIV.search, stated)), None):
        entries.add(f"https://arxiv.org/abs/{arxiv[1]}", title)
    elif address := next(filter(None, map(_ADDRESS.search, addresses)), None):
        entries.add(address[0], title)
    elif named := DOI.search(doi):
        entries.add(f"https://doi.org/{named[0]}", title)
    else:
        entries.leave_out("without an address, a DOI, or a file that is there")
    entries.resources[before:] = [replace(each, stated=known) for each in entries.resources[before:]]


def _names(value: str) -> Iterator[str]:
    r"""The authors of a field of BibTeX, split at `and` outside braces; `{Corporate Name}` and `王 小明` stay so."""
    from bibtexparser.middlewares.names import split_multiple_persons_names

    for whole in split_multiple_persons_names(" ".join(value.split())):
        name = stated_text(_without_latex(whole).replace("~", " "))
        is_whole = whole.startswith("{") and whole.find("}") == len(whole) - 1
        if is_whole or (WIDE.search(name) and "," not in name):
            yield name
        elif "," in name:
            yield person(name)
        elif name != "others":
            words = name.split()
            von = next((k for k, word in enumerate(words[:-1]) if word.islower()), len(words) - 1)
            yield full_name(" ".join(words[:von]), " ".join(words[von:])) if words else ""


def _month(fields: Mapping[str, str]) -> str | int:
    """The month of a record of BibTeX, a number or a name; empty without one."""
    month = fields.get("month", "").strip("{} ").lower()[:3]
    return month if month.isdecimal() else _MONTHS.find(month) // 3 + 1 if month else ""


def _issued(value: Any) -> str:  # noqa: ANN401
    """A date of CSL: in parts, or as a text."""
    known = value if isinstance(value, dict) else {}
    parts = known.get("date-parts")
    first = parts[0] if isinstance(parts, list) and parts and isinstance(parts[0], list) else []
    return "-".join(map(str, first[:3])) or stated_text(known.get("raw") or known.get("literal"))


def _csl_name(name: Any) -> str:  # noqa: ANN401
    """An author of CSL: the parts of a name, or a name as it is."""
    if not isinstance(name, dict):
        return ""
    parts = ("literal", "given", "dropping-particle", "non-dropping-particle", "family")
    literal, given, *family = (stated_text(name.get(part)) for part in parts)
    return literal or full_name(given, " ".join(filter(None, family)))


def _existing(folder: Path, files: Sequence[str]) -> Path | None:
    """The first file that is there, PDFs before saved pages and notes."""
    existing: list[Path] = []
    for name in files:
        with suppress(OSError, RuntimeError):  # a name that is too long, a user that isn't there
            path = folder / Path(name).expanduser()
            if kind_of_path(path) and path.is_file():
                existing.append(path)
    return min(existing, key=lambda path: kind_of_path(path) is not Kind.PAPER, default=None)


def _paths(value: str) -> Iterator[str]:
    """The paths that a field of BibTeX may mean."""
    for file in _BETWEEN_FILES.split(value):
        parts = [_ESCAPE.sub(r"\1", part) for part in _BETWEEN_PARTS.split(file)]
        yield from (parts[0], *parts[1:2], _ESCAPE.sub(r"\1", file), *(f"/{part}" for part in parts[1:2]))


def _unescaped(address: str) -> str:
    return _ESCAPED.sub(lambda mark: "~" if mark[3] else mark[1] or mark[2], address)


def _without_latex(title: str) -> str:
    r"""A title in plain text, such as `N{\"u}rnberg {ABC} \& $\alpha$` as "Nürnberg ABC & α".

    Why not pylatexenc: version 2.11 takes 0.3 ms a title, more than the parser, and minutes for `\frac{\frac{…`.
    """
    if "\\" in title:
        title = _ACCENTED.sub(lambda accent: normalize("NFC", accent[3] + _ACCENTS[accent[1] or accent[2]]), title)
        title = _COMMAND.sub(_letter, title)
        title = re.sub(r"\\(.)", r"\1", title)
    return re.sub(r"(?<!\d)\$(?!\d)|[{}]", "", title)


def _letter(command: re.Match[str]) -> str:
    """The letter that a command stands for; nothing for others, such as those of fonts."""
    name = command[1]
    case = "SMALL" if name.islower() else "CAPITAL"
    with suppress(KeyError):
        return _LETTERS.get(name) or lookup(f"GREEK {case} LETTER {name.upper()}")
    return ""
