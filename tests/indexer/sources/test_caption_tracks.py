from __future__ import annotations

import pytest

from seekpoint.index.errors import Unfetched
from seekpoint.indexer.sources.captions import Track, choose, nearest, no_track_in

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
    assert [track.language for track in nearest(OFFERED, wanted)] == taken


def test_a_resource_without_a_track_says_what_there_is() -> None:
    failures: list[Unfetched] = [no_track_in(["de"], ["en", "zh", "en"]), no_track_in([], [], wait=9.0)]
    assert [str(failure) for failure in failures] == [
        "no transcript in de (there is: en, zh)",
        "no transcript (there is: none)",
    ]
    assert failures[1].retry_after == 9.0


@pytest.mark.parametrize(
    ("offered", "spoken", "taken"),
    [
        (OFFERED, "", "en-GB"),  # the first generated track is in the spoken language
        (OFFERED, "zh-Hans", "zh-Hans"),
        (OFFERED[1:5], "", "en-GB"),
        ([Track("en"), Track("")], "", "en"),
        ([Track("en"), Track("fr")], "de", "en"),
    ],
)
def test_by_default_the_track_in_the_spoken_language_is_taken(offered: list[Track], spoken: str, taken: str) -> None:
    assert [track.language for track in choose(offered, [], spoken)] == [taken]


@pytest.mark.parametrize(("offered", "wanted"), [([], []), (OFFERED, ["de"])])
def test_no_track_is_taken_in_place_of_a_wanted_language(offered: list[Track], wanted: list[str]) -> None:
    with pytest.raises(Unfetched, match="no transcript"):
        choose(offered, wanted)
