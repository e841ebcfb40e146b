"""Provenance: the texts that libraries store, and texts that nothing wrote."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seekpoint.index.store import LISTED
from seekpoint.indexer.sources.provenance import (
    FromFiles,
    FromListing,
    FromPage,
    FromSpeech,
    FromYouTube,
    Provenance,
    decode,
    encode,
)

WEB = (
    'web:{"at": 1764200000.25, "digest": "0f", "etag": "W/\\"v1\\"", '
    '"modified": "Tue, 03 Nov 2026 10:00:00 GMT", "final": false}'
)
# A change of these texts would make the next build fetch and embed whole libraries again.
STORED: dict[str, Provenance | None] = {
    "": None,
    "youtube:": FromYouTube(),
    "youtube:zh-TW,en": FromYouTube(("zh-TW", "en")),
    "files:0f:3c": FromFiles("files", "0f", "3c"),
    "files:0f": FromFiles("files", "0f"),
    "file:0f:3c": FromFiles("file", "0f", "3c"),
    "file:0f": FromFiles("file", "0f"),
    "transcribed:base:": FromSpeech("base"),
    "transcribed:large-v3:700:1764200000000000001": FromSpeech("large-v3", "700:1764200000000000001"),
    "transcribed:C:\\模型\\whisper:": FromSpeech("C:\\模型\\whisper"),
    LISTED: FromListing(),
    WEB: FromPage(1764200000.25, "0f", 'W/"v1"', "Tue, 03 Nov 2026 10:00:00 GMT"),
    'web:{"at": 1.0, "digest": "0f", "etag": null, "modified": null, "final": true}': FromPage(1.0, "0f", final=True),
}


@pytest.mark.parametrize("stored", STORED)
def test_each_provenance_has_one_text(stored: str) -> None:
    assert decode(stored) == STORED[stored]
    assert encode(STORED[stored]) == stored


def test_local_files_and_captions_differ_though_their_bytes_are_the_same() -> None:
    assert decode("file:0f:3c") != decode("files:0f:3c")


@pytest.mark.parametrize(
    "stored",
    [
        None,
        "made by hand",
        "listed:",
        "transcribed:base",
        "web:",
        "web:[]",
        "web:{}",
        'web:{"at": 1.0, "digest": "0f", "etag": 5}',
        'web:{"at": "soon 稍后", "digest": "0f"}',
        'web:{"at": 1.0, "digest": "0f", "more": 1}',
        f'web:{{"at": {"9" * 400}, "digest": "0f"}}',
        f"web:{'9' * 5000}",
        "web:" + "[" * 100_000,
    ],
)
def test_a_text_that_no_build_wrote_tells_nothing(stored: str | None) -> None:
    assert decode(stored) is None


digests, stamps = st.from_regex(r"[0-9a-f]{32}", fullmatch=True), st.sampled_from(["", "0123456789abcdef"])
tags = st.lists(st.sampled_from(["en", "zh-TW", "yue", "pt-BR"]), max_size=3).map(tuple)
validators = st.none() | st.text()
provenances = (
    st.builds(FromYouTube, tags)
    | st.builds(FromFiles, st.sampled_from(["files", "file"]), digests, stamps)
    | st.builds(FromSpeech, st.text(min_size=1), st.from_regex(r"\d{1,9}:\d{1,19}|", fullmatch=True))
    | st.builds(FromPage, st.floats(allow_nan=False), st.text(), validators, validators, st.booleans())
)


@given(provenances)
def test_what_is_encoded_is_decoded(provenance: Provenance) -> None:
    assert decode(encode(provenance)) == provenance


@given(st.text() | st.text().map(lambda text: f"web:{text}") | st.dictionaries(st.text(), st.text()).map(json.dumps))
def test_decoding_never_fails(stored: str) -> None:
    decode(stored)
