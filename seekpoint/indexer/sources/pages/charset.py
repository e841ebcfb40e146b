"""Decodes texts from outside; evidence in the bytes counts for more than declared labels."""

from __future__ import annotations

import codecs
import re
from contextlib import suppress

BOMS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
"""The byte order marks and their encodings; that of UTF-32 begins with that of UTF-16."""

# Labels stand for supersets of the encodings that they name (WHATWG Encoding Standard, "Names and labels"); Python's
# names.
_SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "tis-620": "cp874",
}
# Excludes Python codecs that no page uses, such as "unicode_escape", or can't declare, such as "utf-16".
_KNOWN = re.compile(r"utf-8|gb18030|big5hkscs|cp932|euc_jp|iso2022_jp|cp949|koi8-[ru]|cp125\d|cp8(66|74)|iso8859-\d+")
_MULTIBYTE = frozenset({"gb18030", "big5hkscs", "cp932", "euc_jp", "iso2022_jp", "cp949"})

# The standard says the first 1,024 bytes, but many pages have scripts before the meta element. It counts for more than
# the declaration of XML.
_DECLARED = [
    re.compile(rb"<%s[^>]{0,200}?%s\s*=\s*[\"']?\s*([\w:.-]{1,40})" % names, re.IGNORECASE | re.ASCII)
    for names in ((b"meta", b"charset"), (rb"\?xml", b"encoding"))
]
_META_WITHIN = 8192
# A script's end is searched no further than the next script: with unclosed ones, that would take quadratic time.
_TAGS = re.compile(
    rb"<(?:script|style)\b(?:(?!<(?:script|style)\b).)*?</(?:script|style)\s*>|<[^<>]{0,2000}>",
    re.IGNORECASE | re.DOTALL,
)
_GARBAGE = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffd]")
# A sample is enough, and detection is slow.
_SAMPLE = 20_000


def decoded(data: bytes, label: str | None = None) -> str:
    """Decode a page, a feed or another text; `label` is the charset in its HTTP header.

    Evidence in order of weight: byte order mark, text in UTF-16, valid UTF-8, label, meta element, XML declaration,
    detection. Never raises: invalid bytes become U+FFFD.
    """
    for bom, encoding in BOMS.items():
        if data.startswith(bom):
            return data[len(bom) :].decode(encoding, "replace")
    if b"\0" in data and (utf_16 := _utf_16(data)):
        return data.decode(utf_16, "replace")
    # Unlike bytes.decode, an incremental decoder ignores a character that is cut off at the end.
    utf_8 = codecs.getincrementaldecoder("utf-8")
    text = utf_8("replace").decode(data)
    # A few errors are damage or a cut character; the wrong encoding fails everywhere.
    is_plausible = text.count("\ufffd") * 10 <= _foreign(text)
    if (is_plausible or text == utf_8("ignore").decode(data)) and (not text.isascii() or b"\x1b" not in data):
        return text
    if labelled := _by_label(data, label):
        return labelled
    from charset_normalizer import from_bytes

    visible = re.sub(rb"[\s\0]+", b" ", _TAGS.sub(b" ", data))[:_SAMPLE]
    # With the default threshold, 0.2, it finds no encoding for pages that mix Chinese and English.
    encodings = ["gb18030", "big5", "shift_jis", "euc_jp", "euc_kr", "cp1251", "koi8_r", "cp1252"]
    guess = from_bytes(visible, cp_isolation=encodings, threshold=0.4).best()
    name = _SUPERSETS.get(guess.encoding, guess.encoding) if guess else "cp1252"
    return data.decode(name, "replace")


def _utf_16(data: bytes) -> str | None:
    """The encoding of a text in UTF-16 without a byte order mark; `None` if the data isn't one.

    As UTF-16, pairs of Latin letters decode to Chinese characters, but without spaces, punctuation and markup.
    """
    head = data[:_META_WITHIN]
    is_mostly_latin = head.count(b"\0") * 10 >= len(head)
    scores = {}
    for encoding in ("utf-16-le", "utf-16-be"):
        with suppress(UnicodeDecodeError):
            text = codecs.getincrementaldecoder(encoding)().decode(head)
            common = sum(map(text.count, " \n<，。"))
            if common * 100 >= len(text) and (is_mostly_latin or all(c.isprintable() or c.isspace() for c in text)):
                scores[encoding] = common
    return max(scores, key=scores.__getitem__, default=None)


def is_garbage(text: str) -> bool:
    """Whether decoded data isn't text: it has too many control characters."""
    return len(_GARBAGE.findall(text)) * 20 > len(text)


def _by_label(data: bytes, label: str | None) -> str | None:
    declared = next(filter(None, (pattern.search(data, 0, _META_WITHIN) for pattern in _DECLARED)), None)
    labels = [_encoding(label), _encoding(declared[1].decode("ascii") if declared else None)]
    encodings = [encoding for encoding in labels if encoding and encoding != "utf-8"]
    # Servers declare ISO-8859-1 for anything, and it decodes anything: multibyte labels, which can fail, come first.
    for encoding in sorted(encodings, key=lambda encoding: encoding not in _MULTIBYTE):
        text = data.decode(encoding, "replace")
        if encoding in _MULTIBYTE and text.count("\ufffd") * 50 <= _foreign(text):
            return text
        if encoding not in _MULTIBYTE and (encoding not in ("cp1252", "cp1254") or _is_latin(data)):
            return text
    return None


def _foreign(text: str) -> int:
    """The number of characters that aren't ASCII."""
    return len(text) - len(text.encode("ascii", "ignore"))


def _encoding(label: str | None) -> str | None:
    try:
        name = codecs.lookup((label or "").strip().strip("\"'")).name
    except (LookupError, ValueError):
        return None
    name = _SUPERSETS.get(name, name)
    return name if _KNOWN.fullmatch(name) else None


def _is_latin(data: bytes) -> bool:
    """Whether bytes above 0x7f are accented letters: those stand alone, letters of other scripts in sequences."""
    visible = _TAGS.sub(b" ", data)
    high = re.findall(rb"[\x80-\xff]+", visible)
    return sum(len(run) for run in high if len(run) > 2) * 3 <= sum(map(len, high))
