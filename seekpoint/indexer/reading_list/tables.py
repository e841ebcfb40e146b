"""Parses tables of addresses: CSV as Raindrop, Pocket, Instapaper and YouTube's Takeout write it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import groupby, zip_longest

from seekpoint.indexer.reading_list.entries import Entries, tagged

_DELIMITERS = ",;\t"
# Headers by their names. Takeout's are in the language of the account, so its columns are told by what is in them.
_ADDRESSES = ("url", "link", "href", "网址", "链接", "網址", "連結")
_TITLES = ("title", "name", "标题", "標題", "titel", "titre", "título", "titolo", "タイトル", "제목")
_FOLDERS = ("folder", "collection", "文件夹", "收藏夹", "資料夾")
_TAGS = ("tags", "document tags", "labels", "标签", "標籤")
_ADDRESS = re.compile(r"(?:https?://|www\.|youtu\.be/)\S+", re.IGNORECASE)
_VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{11}")
# Words, headers, numbers and dates of 11 characters have the form of an id too. Hardly an id has theirs.
_WORD = r"(?:[A-Z]?[a-z]+|[A-Z]+)"
_SURE_ID = re.compile(rf"(?!(?:{_WORD}(?:[_-]{_WORD})*|[\d-]+|\d\d-[A-Za-z]{{3}}-\d{{4}})\Z)[A-Za-z0-9_-]{{11}}")
# A column is told by its first rows, of which this part has to be alike.
_SAMPLE, _LEAST = 50, 0.6
# Raindrop's sign for a folder within another. A slash alone is part of a name, such as CI/CD.
_WITHIN = " / "


def read(text: str, entries: Entries) -> None:
    """Add the address, or YouTube's video, of each row, under its folder; where there are none, under its tags.

    Older files of Takeout begin with a table about the playlist, and an empty line.
    """
    columns: tuple[int, ...] = ()
    is_video = False
    for is_empty, rows in groupby(_rows(text, entries), key=lambda row: not any(row)):
        table = [] if is_empty else list(rows)
        if table and not columns:
            columns, is_video, has_header = _columns(table)
            table = table[has_header:]
        for row in table if columns else ():
            address, title, folder, tags = (row[number] if 0 <= number < len(row) else "" for number in columns)
            if is_video and not _VIDEO_ID.fullmatch(address):
                entries.leave_out("without a video's id")
                continue
            address = f"https://www.youtube.com/watch?v={address}" if is_video else address
            paths = tagged(tags) if columns[2] < 0 else [folder.split(_WITHIN)]
            entries.add(address, title, *paths)


def _rows(text: str, entries: Entries) -> Iterator[list[str]]:
    """The rows, with their cells stripped; counts lines that are none, such as those after a quotation mark."""
    first = next(filter(str.strip, text.splitlines()), "")
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True)
    while True:
        before = reader.line_num
        try:
            yield [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error:
            entries.leave_out("in lines that aren't CSV", reader.line_num - before)


def _columns(table: Sequence[Sequence[str]]) -> tuple[tuple[int, ...], bool, bool]:
    """Find the columns by their names, and that of addresses or ids else by what is in it.

    Returns the numbers of those of addresses, titles, folders and tags, -1 for one that isn't there, or none without
    addresses; whether these are ids of videos; and whether the first row is a header.
    """
    first = table[0]
    has_header = not any(_ADDRESS.fullmatch(cell) or _SURE_ID.fullmatch(cell) for cell in first)
    names = [name.casefold() for name in first] if has_header else []

    def named(wanted: Sequence[str]) -> int:
        return next((names.index(name) for name in wanted if name in names), -1)

    address, rows = named(_ADDRESSES), table[has_header:]
    address = address if address >= 0 else _alike(rows, _ADDRESS)
    is_video = address < 0
    address = _alike(rows, _SURE_ID) if is_video else address
    columns = (address, named(_TITLES), named(_FOLDERS), named(_TAGS)) if address >= 0 else ()
    return columns, is_video, has_header


def _alike(rows: Sequence[Sequence[str]], pattern: re.Pattern[str]) -> int:
    """The column with the most cells that match, of those with hardly any others, or -1."""
    matches: dict[int, int] = {}
    for column, cells in enumerate(zip_longest(*rows[:_SAMPLE], fillvalue="")):
        matching = sum(map(bool, map(pattern.fullmatch, cells)))
        if matching and matching >= _LEAST * sum(map(bool, cells)):
            matches[column] = matching
    return max(matches, key=matches.__getitem__, default=-1)
