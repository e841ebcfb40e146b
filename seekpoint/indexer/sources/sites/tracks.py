"""The caption tracks that yt-dlp finds for a video: which ones to index."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yt_dlp.utils import ISO639Utils

from seekpoint.index.text.languages import primary
from seekpoint.indexer.sources.caption_tracks import nearest

# Formats that `captions` parses, the best first; a track without an extension is one of these too.
_FORMATS = ("vtt", "srt", "ttml", "dfxp", "json3", "srv3", "srv1", "sbv", "json")
_NO_SPEECH = ("danmaku", "live_chat", "comments", "rechat")
# Bilibili's `ai-zh`, Vimeo's `en-x-autogen`, Kaltura's and others' words in the name.
_GENERATED = re.compile(r"\Aai-|-x-autogen\b|\ba(?:uto)?\.|\bautos?\b|auto-?generated|\basr\b|自动|自動", re.IGNORECASE)
_UNKNOWN = ("und", "mul", "zxx", "mis", "off")
_TAG = re.compile(r"(?:ai-)?([A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*?)(?:-x-\w+|[-_](?:auto|asr))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """A caption track: its language, a tag or empty, and the forms that it comes in, as yt-dlp describes them."""

    language_code: str
    is_generated: bool
    forms: tuple[Mapping[str, Any], ...]


def tracks_of(info: Mapping[str, Any]) -> list[Track]:
    """The tracks of a video with words that are spoken, in the order of the site, those made by people first."""
    manual: list[Track] = []
    generated: list[Track] = []
    for name in ("subtitles", "automatic_captions"):
        for key, listed in (info.get(name) or {}).items():
            forms = tuple(sorted(filter(_is_readable, listed or ()), key=_preference))
            if key in _NO_SPEECH or not forms:
                continue
            described = f"{key} {forms[0].get('name') or ''}"
            is_generated = name == "automatic_captions" or bool(_GENERATED.search(described))
            (generated if is_generated else manual).append(Track(_language(str(key)), is_generated, forms))
    return manual + generated


def _language(key: str) -> str:
    """The language tag in the name of a track: `zh` of `ai-zh`, `en` of `eng`; empty if there is none."""
    tag = _TAG.fullmatch(key)
    language, _, rest = tag[1].replace("_", "-").partition("-") if tag else ("", "", "")
    if language in _UNKNOWN:
        return ""
    short = ISO639Utils.long2short(language.lower()) or language.lower()
    return f"{short}-{rest}" if rest else short


def choose(tracks: Sequence[Track], wanted: Sequence[str], spoken: str) -> list[Track]:
    """The track in each wanted language, by default in the one that is spoken, made by people before generated ones.

    `spoken` is empty if the site doesn't say it. Of generated tracks only the first, in the spoken language, counts:
    the others are translations.
    """
    generated = [track for track in tracks if track.is_generated]
    heard = [track for track in generated if spoken and primary(track.language_code) == primary(spoken)] or generated
    usable = [track for track in tracks if not track.is_generated] + heard[:1]
    default = spoken or (heard[0].language_code if heard else "")
    chosen = nearest(usable, wanted or ([default] if default else []))
    # A site that doesn't say what is spoken lists the original first.
    return chosen if wanted or chosen else usable[:1]


def _is_readable(form: Mapping[str, Any]) -> bool:
    return bool(form.get("url") or form.get("data")) and str(form.get("ext") or "vtt").lower() in _FORMATS


def _preference(form: Mapping[str, Any]) -> tuple[bool, int]:
    """Text before an address before a list of segments, then by format."""
    return is_segmented(form), _FORMATS.index(str(form.get("ext") or "vtt").lower())


def is_segmented(form: Mapping[str, Any]) -> bool:
    """Whether a track comes in segments, as with HLS and DASH."""
    return "data" not in form and (
        str(form.get("protocol") or "").startswith(("m3u8", "http_dash")) or ".m3u8" in str(form.get("url"))
    )
