"""The caption tracks of a site's video as yt-dlp describes them, each with the form that is read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from yt_dlp.utils import ISO639Utils

from seekpoint.index.text.languages import primary
from seekpoint.indexer.sources.caption_tracks import Track

# Formats that `captions` parses, the best first; a track without an extension is one of these too.
_FORMATS = ("vtt", "srt", "ttml", "dfxp", "json3", "srv3", "srv1", "sbv", "json")
_NO_SPEECH = ("danmaku", "live_chat", "comments", "rechat")
# Bilibili's `ai-zh`, Vimeo's `en-x-autogen`, Kaltura's and others' words in the name.
_GENERATED = re.compile(r"\Aai-|-x-autogen\b|\ba(?:uto)?\.|\bautos?\b|auto-?generated|\basr\b|自动|自動", re.IGNORECASE)
_UNKNOWN = ("und", "mul", "zxx", "mis", "off")
_TAG = re.compile(r"(?:ai-)?([A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*?)(?:-x-\w+|[-_](?:auto|asr))?", re.IGNORECASE)


def tracks_of(info: Mapping[str, Any]) -> list[Track]:
    """The tracks of a video with words that are spoken, in the order of the site, those made by people first."""
    manual: list[Track] = []
    generated: list[Track] = []
    for name in ("subtitles", "automatic_captions"):
        for key, listed in (info.get(name) or {}).items():
            form = min(filter(_is_readable, listed or ()), key=_preference, default=None)
            if key in _NO_SPEECH or form is None:
                continue
            described = f"{key} {form.get('name') or ''}"
            is_generated = name == "automatic_captions" or bool(_GENERATED.search(described))
            (generated if is_generated else manual).append(Track(_language(str(key)), is_generated, form))
    return manual + generated


def _language(key: str) -> str:
    """The language tag in the name of a track: `zh` of `ai-zh`, `en` of `eng`; empty if there is none."""
    tag = _TAG.fullmatch(key)
    language, _, rest = tag[1].replace("_", "-").partition("-") if tag else ("", "", "")
    if language in _UNKNOWN:
        return ""
    short = ISO639Utils.long2short(language.lower()) or language.lower()
    return f"{short}-{rest}" if rest else short


def without_translations(tracks: Sequence[Track], spoken: str) -> list[Track]:
    """The tracks, of generated ones only the first in the language that is `spoken`, if the site says which it is."""
    generated = [track for track in tracks if track.is_generated]
    heard = [track for track in generated if spoken and primary(track.language) == primary(spoken)] or generated
    return [track for track in tracks if not track.is_generated] + heard[:1]


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
