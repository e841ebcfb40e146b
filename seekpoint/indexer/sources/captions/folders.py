"""Caption files on disk: their names, their encodings, and the transcripts in them."""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import TypeAlias

from seekpoint.index.errors import SourceError
from seekpoint.index.text.clean import clean
from seekpoint.index.types import Cue, Origin, Transcript
from seekpoint.indexer.sources.captions.formats import FORMATS, parse
from seekpoint.indexer.sources.captions.spoken import spoken
from seekpoint.indexer.sources.pages.charset import BOMS, is_right
from seekpoint.indexer.transcript.cues import tidy

AnyPath: TypeAlias = str | PathLike[str]

CAPTION_SUFFIXES = frozenset({".vtt", ".srt", ".sbv", ".ttml", ".dfxp", ".srv1", ".srv3", ".json3"})
"""What tells a caption file; `.json` alone doesn't, see `is_captions`."""

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
    rf"(?P<stem>.+?)(?:\.(?:a\.)?(?P<language>(?:{_LANGUAGES})(?:-[A-Za-z0-9_]+)*))?\."
    r"(?:vtt|srt|sbv|ttml|dfxp|srv[13]|json3?)",
    re.IGNORECASE | re.DOTALL,
)
_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]+)*")
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


def is_captions(path: AnyPath) -> bool:
    """Tell by its name whether a file holds captions; a `.json` does as `Any title [VIDEO_ID].LANG.json` only."""
    suffix = Path(path).suffix.lower()
    return suffix in CAPTION_SUFFIXES or (suffix == ".json" and bool(language_of(path) and video_id_of(path)))


def find_captions(folder: Path) -> dict[str, tuple[Path, ...]]:
    """Find the caption files under a folder by the video id in their names; raises SourceError where there are none."""
    if not folder.is_dir():
        raise _refused(folder, "not a folder" if folder.exists() else "no such folder")
    found: dict[str, tuple[Path, ...]] = {}
    for path in _captions_under(folder):
        if video_id := video_id_of(path):
            found[video_id] = (*found.get(video_id, ()), path)
    if not found:
        raise _refused(folder, 'no file is named like "Any title [VIDEO_ID].en.vtt" (or .srt, .json3, …)')
    return found


class CaptionFolders:
    """The caption files in folders of recordings, by stem; each folder is read once."""

    def __init__(self) -> None:
        self._by_stem: dict[Path, dict[str, set[Path]]] = {}

    def beside(self, media: Path) -> tuple[Path, ...]:
        """Find the caption files in the folder of a recording, or of a caption file, that share its stem."""
        if media.parent not in self._by_stem:
            self._by_stem[media.parent] = _by_stem(media.parent)
        found = self._by_stem[media.parent]
        return tuple(sorted(found.get(stem_of(media), set()) | found.get(media.name, set())))


def _by_stem(folder: Path) -> dict[str, set[Path]]:
    found: dict[str, set[Path]] = {}
    for path in folder.iterdir() if folder.is_dir() else ():
        if _is_caption_file(path):
            for stem in (stem_of(path), path.stem):
                found.setdefault(stem, set()).add(path)
    return found


def read_captions(path: Path) -> Transcript:
    """Read a caption file; its language is in its name, else in what it holds, else `und`."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _refused(path.name, f"can't be read: {error.strerror}") from error
    stated, cues = _read(data, path.name)
    return Transcript(language_of(path) or stated or "und", Origin.LOCAL, cues)


def parse_captions(data: bytes, name: str) -> tuple[Cue, ...]:
    """Parse captions of any format in any encoding; raises SourceError, which calls the file `name`."""
    return _read(data, name)[1]


def _read(data: bytes, name: str) -> tuple[str, tuple[Cue, ...]]:
    try:
        captions = parse(_decoded(data, name))
    except ValueError as error:
        raise _refused(name, str(error)) from error
    except RecursionError as error:
        raise _refused(name, "nested too deep: export or download it again") from error
    cues = tidy(spoken(captions.cues))
    if not cues:
        raise _refused(name, f"no cue found: it must be {FORMATS}; export or download it again")
    return captions.language if _LANGUAGE_TAG.fullmatch(captions.language) else "", cues


def _refused(name: AnyPath, why: str) -> SourceError:
    return SourceError(f'captions "{clean(str(name))}": {why}')


def _captions_under(folder: Path) -> Iterator[Path]:
    def fail(error: OSError) -> None:
        raise _refused(error.filename, f"can't be read: {error.strerror}") from error

    for parent, folders, names in os.walk(folder, onerror=fail):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from filter(_is_caption_file, (Path(parent, name) for name in sorted(names)))


def _is_caption_file(path: Path) -> bool:
    return is_captions(path) and not path.name.startswith(".") and path.is_file()


_BEGINNING = re.compile(r"\s*[0-9<{\[]")


def _decoded(data: bytes, name: str) -> str:
    if not data.strip():
        raise _refused(name, "the file is empty: export or download it again")
    marked = next(((bom, encoding) for bom, encoding in BOMS.items() if data.startswith(bom)), None)
    if marked:
        text = data[len(marked[0]) :].decode(marked[1], "replace")
    elif b"\0" in data and b"-->" not in data:
        wide = (data.decode(encoding, "replace") for encoding in ("utf-16-le", "utf-16-be"))
        text = next((text for text in wide if "-->" in text or _BEGINNING.match(text)), "")
        if not text:
            raise _refused(name, f"a binary file: it must be {FORMATS}")
    else:
        text = _guessed(data)
    return re.sub(r"\r\n?", "\n", text)


def _guessed(data: bytes) -> str:
    try:
        # An incremental decoder leaves out a last character that was cut in two.
        return codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
    if is_right(text):
        return text
    from charset_normalizer import from_bytes

    # The default threshold, 0.2, gives up on lectures that mix Chinese and English.
    encodings = ["gb18030", "big5", "shift_jis", "euc_kr", "cp1251", "cp1252"]
    guess = from_bytes(data, cp_isolation=encodings, threshold=0.4).best()
    return str(guess) if guess else data.decode("latin-1")
