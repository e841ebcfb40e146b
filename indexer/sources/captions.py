"""Caption files on disk: their names, and the cues of WebVTT and SubRip (SRT)."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterator
from html import unescape
from os import PathLike
from pathlib import Path
from typing import TypeAlias

from index.errors import SourceError
from index.text import clean
from index.types import Cue, Origin, Transcript
from indexer.cues import tidy

AnyPath: TypeAlias = str | PathLike[str]

CAPTION_SUFFIXES = frozenset({".vtt", ".srt"})

# ISO 639-1, and the longer codes that YouTube uses: any letters would make `Intro to Node.js.vtt` a talk in "js".
_LANGUAGES = (
    "aa|ab|ae|af|ak|am|an|ar|as|av|ay|az|ba|be|bg|bh|bi|bm|bn|bo|br|bs|ca|ce|ch|co|cr|cs|cu|cv|cy|da|de|dv|dz|ee|el|en|"
    "eo|es|et|eu|fa|ff|fi|fj|fo|fr|fy|ga|gd|gl|gn|gu|gv|ha|he|hi|ho|hr|ht|hu|hy|hz|ia|id|ie|ig|ii|ik|in|io|is|it|iu|iw|"
    "ja|jv|ka|kg|ki|kj|kk|kl|km|kn|ko|kr|ks|ku|kv|kw|ky|la|lb|lg|li|ln|lo|lt|lu|lv|mg|mh|mi|mk|ml|mn|mo|mr|ms|mt|my|na|"
    "nb|nd|ne|ng|nl|nn|no|nr|nv|ny|oc|oj|om|or|os|pa|pi|pl|ps|pt|qu|rm|rn|ro|ru|rw|sa|sc|sd|se|sg|sh|si|sk|sl|sm|sn|so|"
    "sq|sr|ss|st|su|sv|sw|ta|te|tg|th|ti|tk|tl|tn|to|tr|ts|tt|tw|ty|ug|uk|ur|uz|ve|vi|vo|wa|wo|xh|yi|yo|za|zh|zu|"
    "ase|asf|bgc|bho|brx|ceb|chr|ckb|cmn|doi|dsb|fil|gom|gsw|haw|hmn|hsb|ilo|kha|kok|kri|lus|mai|mni|mul|nan|new|nso|"
    "pcm|pap|sat|sco|sdp|tlh|tpi|und|vro|war|wuu|yue"
)
_NAME = re.compile(
    rf"(?P<stem>.+?)(?:\.(?:a\.)?(?P<language>(?:{_LANGUAGES})(?:-[A-Za-z0-9_]+)*))?\.(?:vtt|srt)",
    re.IGNORECASE | re.DOTALL,
)
_VIDEO_ID = re.compile(r"\[([A-Za-z0-9_-]{11})\]\Z")


def stem_of(path: AnyPath) -> str:
    """`Any title [VIDEO_ID]` of `Any title [VIDEO_ID].LANG.vtt`: the name without language and suffix."""
    named = _NAME.fullmatch(Path(path).name)
    return named["stem"] if named else Path(path).stem


def language_of(path: AnyPath) -> str | None:
    """Give the language tag before the suffix, such as `zh-TW`."""
    named = _NAME.fullmatch(Path(path).name)
    return named["language"] if named else None


def video_id_of(path: AnyPath) -> str | None:
    """Give the YouTube id in the brackets that end the stem."""
    bracket = _VIDEO_ID.search(stem_of(path))
    return bracket[1] if bracket else None


def title_of(path: AnyPath) -> str:
    """Give the stem without the id."""
    return clean(_VIDEO_ID.sub("", stem_of(path)))


def find_captions(folder: Path) -> dict[str, tuple[Path, ...]]:
    """Find the caption files under a folder by the video id in their names; raises SourceError where there are none."""
    if not folder.is_dir():
        raise _refused(folder, "not a folder" if folder.exists() else "no such folder")
    found: dict[str, tuple[Path, ...]] = {}
    for path in _captions_under(folder):
        if video_id := video_id_of(path):
            found[video_id] = (*found.get(video_id, ()), path)
    if not found:
        raise _refused(folder, 'no file is named like "Any title [VIDEO_ID].en.vtt" (or .srt)')
    return found


def captions_beside(media: Path) -> tuple[Path, ...]:
    """Find the caption files in the folder of a recording, or of a caption file, that share its stem."""
    if not media.parent.is_dir():
        return ()
    stems = {stem_of(media), media.name}
    beside = (path for path in media.parent.iterdir() if _is_captions(path) and {stem_of(path), path.stem} & stems)
    return tuple(sorted(beside))


def read_captions(path: Path) -> Transcript:
    """Read a caption file; its language is in its name, else in its header, else `und`."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _refused(path.name, f"can't be read: {error.strerror}") from error
    text = _decoded(data, path.name)
    header = re.match(r"WEBVTT[^\n]*\n(?:[^\n]+\n)*?Language:[ \t]*([A-Za-z]{2,3}(?:-[A-Za-z0-9]+)*)[ \t]*\n", text)
    language = language_of(path) or (header[1] if header else "und")
    return Transcript(language, Origin.LOCAL, _cues(text, path.name))


def parse_captions(data: bytes, name: str) -> tuple[Cue, ...]:
    """Parse WebVTT or SRT in any encoding; raises SourceError, which calls the file `name`."""
    return _cues(_decoded(data, name), name)


def _refused(name: AnyPath, why: str) -> SourceError:
    return SourceError(f'captions "{clean(str(name))}": {why}')


def _captions_under(folder: Path) -> Iterator[Path]:
    def fail(error: OSError) -> None:
        raise _refused(error.filename, f"can't be read: {error.strerror}") from error

    for parent, folders, names in os.walk(folder, onerror=fail):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from filter(_is_captions, (Path(parent, name) for name in sorted(names)))


def _is_captions(path: Path) -> bool:
    return path.suffix.lower() in CAPTION_SUFFIXES and not path.name.startswith(".") and path.is_file()


_BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def _decoded(data: bytes, name: str) -> str:
    if not data.strip():
        raise _refused(name, "the file is empty: export or download it again")
    marked = next(((bom, encoding) for bom, encoding in _BOMS.items() if data.startswith(bom)), None)
    if marked:
        text = data[len(marked[0]) :].decode(marked[1], "replace")
    elif b"\0" in data and b"-->" not in data:
        wide = (data.decode(encoding, "replace") for encoding in ("utf-16-le", "utf-16-be"))
        text = next((text for text in wide if "-->" in text), "")
        if not text:
            raise _refused(name, "a binary file: it must be WebVTT or SRT text")
    else:
        text = _guessed(data)
    return re.sub(r"\r\n?", "\n", text)


def _guessed(data: bytes) -> str:
    try:
        # An incremental decoder leaves out a last character that was cut in two.
        return codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
    # Few errors are damage; another encoding is wrong nearly everywhere.
    if text.count("\ufffd") * 10 <= sum(not c.isascii() for c in text):
        return text
    from charset_normalizer import from_bytes

    # The default threshold, 0.2, gives up on lectures that mix Chinese and English.
    encodings = ["gb18030", "big5", "shift_jis", "euc_kr", "cp1251", "cp1252"]
    guess = from_bytes(data, cp_isolation=encodings, threshold=0.4).best()
    return str(guess) if guess else data.decode("latin-1")


# A parser of our own, because pysubs2 1.8 takes `{1, 2}` for a style and drops it (mathematics in lectures), drops a
# last line that is a number and `b and c` of `a < b and c > d`, adds cue ids and NOTE blocks to the cue before, reads
# 100:00:00,000 as 00:00:00,000, and knows no SRT without hours.
_STAMP = r"-?(?:\d+:)?\d+:\d+(?:[.,]\d+)?"
_TIMING = re.compile(rf"^[ \t]*({_STAMP})[ \t]*-->[ \t]*({_STAMP})(?:[ \t][^\n]*)?$", re.MULTILINE)
# The number before an SRT cue, and what a cut file holds of a timing line. The last cue ends at a blank line before it.
_NUMBER = r"\d+[ \t]*(?:\n[\d:,. >-]*)?\Z"
_NEXT_NUMBER = re.compile(rf"(?:\A|\n)[ \t]*{_NUMBER}")
_CUT_NUMBER = re.compile(rf"\n[ \t]*\n[ \t]*{_NUMBER}")
_TAG = re.compile(
    r"</?(?:[cvibus]|ruby|rt|lang|font|em|strong|span)(?:[.\s][^<>]*)?>|<br\s*/?>|<[\d:.,]+>|\{\\[^{}]*\}",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:#\d+|#x[\da-f]+|[a-z]\w*);", re.IGNORECASE)


def _cues(text: str, name: str) -> tuple[Cue, ...]:
    cues = tidy(_timed(text))
    if not cues:
        raise _refused(name, "no cue found: it must be WebVTT or SRT; export or download it again")
    return cues


def _timed(text: str) -> Iterator[Cue]:
    is_webvtt = text.lstrip().startswith("WEBVTT")
    timings = list(_TIMING.finditer(text))
    for timing, following in zip(timings, [*timings[1:], None], strict=False):
        payload = text[timing.end() + 1 : following.start() if following else None]
        if is_webvtt:
            payload = payload.partition("\n\n")[0] if not payload.startswith("\n") else ""
        else:
            payload = (_NEXT_NUMBER if following else _CUT_NUMBER).sub("", payload)
        yield Cue(_seconds(timing[1]), _seconds(timing[2]), _plain(payload))


def _seconds(stamp: str) -> float:
    seconds = 0.0
    for part in stamp.lstrip("-").replace(",", ".").split(":"):
        seconds = 60 * seconds + float(part)
    return round(-seconds if stamp.startswith("-") else seconds, 3)


def _plain(payload: str) -> str:
    return _ENTITY.sub(lambda entity: unescape(entity[0]), _TAG.sub("", payload))
