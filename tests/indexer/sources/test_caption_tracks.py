from __future__ import annotations

from typing import NamedTuple

import pytest

from seekpoint.index.errors import Unfetched
from seekpoint.indexer.sources.caption_tracks import nearest, no_track_in


class Track(NamedTuple):
    language_code: str
    is_generated: bool = False


OFFERED = [
    Track("en", is_generated=True),
    Track("en-GB"),
    Track("yue"),
    Track("zh-Hant"),
    Track("zh-Hans"),
    Track("pt-BR", is_generated=True),
]


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        (["en"], ["en-GB"]),  # people before programs
        (["zh-Hans"], ["zh-Hans"]),  # its very tag
        (["zh"], ["zh-Hant"]),
        (["yue"], ["yue"]),  # the same primary language, another subtag
        (["pt"], ["pt-BR"]),
        (["zh-TW", "en-US", "zh-Hant"], ["zh-Hant", "en-GB"]),  # each once, in the order of the languages
        (["de"], []),
        ([], []),
    ],
)
def test_the_nearest_track_is_taken_in_each_language(wanted: list[str], taken: list[str]) -> None:
    assert [track.language_code for track in nearest(OFFERED, wanted)] == taken


def test_a_resource_without_a_track_says_what_there_is() -> None:
    failures: list[Unfetched] = [no_track_in(["de"], ["en", "zh", "en"]), no_track_in([], [], wait=9.0)]
    assert [str(failure) for failure in failures] == [
        "no transcript in de (there is: en, zh)",
        "no transcript (there is: none)",
    ]
    assert failures[1].retry_after == 9.0
