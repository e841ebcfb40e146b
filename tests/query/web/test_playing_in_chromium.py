"""Playing beside an answer in a real Chromium: its address, the controls, both languages, back and next."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlsplit

import pytest

import seekpoint
from tests.fakes import TopicEncoder
from tests.indexer.builds import webvtt
from tests.query.web.conftest import faultless, opened
from tests.query.web.served import SILENT, player_with, served, state_of_player, until, without_others

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.chromium

_POSTER = "#player .poster"
# What moves, but for the inside of the browser's own controls of an audio element, which isn't a node of the page.
_SHIFTS = """() => {
    window.shifts = []
    const moved = (entry) => entry.sources.filter((source) => source.node).map((source) => source.node.nodeName)
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => shifts.push(...moved(entry))))
        .observe({type: "layout-shift", buffered: true})
}"""


@pytest.fixture(scope="module")
def recorded(recordings: Path) -> Iterator[str]:
    with served(recordings) as result:
        yield result


def played(page: Page) -> tuple[str, float]:
    """What plays, as the address says."""
    given = parse_qs(page.evaluate("location.search.slice(1)"))
    return given["play"][0], float(given["t"][0])


@pytest.mark.parametrize(
    ("locale", "question", "first", "poster"),
    [
        ("en-GB", "What does the mask hide?", "aaaaaaaaaaa", "Play “Masks & more” from 1:20"),
        ("zh-CN", "掩码藏了什么？", "bbbbbbbbbbb", "从 1:20 播放《掩码》"),
    ],
)
def test_what_plays_comes_back_by_its_address(
    browser: Browser, address: str, locale: str, question: str, first: str, poster: str
) -> None:
    with opened(browser, address, locale=locale) as page:
        asked = without_others(page, address)
        page.goto("/?kind=video")
        page.fill("#q", question)
        page.keyboard.press("Enter")
        page.locator(f".go[data-id={first}][data-start='80.0']").click()
        page.frame_locator("iframe").locator("body", has_text="time").wait_for()
        assert played(page) == (first, 80)
        page.locator("[data-do=previous]:enabled, [data-do=next]:enabled").first.click()
        until(page, f"!location.search.includes('play={first}&t=80')")
        second = played(page)
        page.go_back()
        until(page, f"location.search.includes('play={first}&t=80')")
        until(page, "document.querySelector('.player-transcript .cue.here')?.dataset.start === '80.0'")
        page.go_forward()
        until(page, f"!location.search.includes('play={first}&t=80')")
        assert played(page) == second
        page.go_back()
        until(page, f"location.search.includes('play={first}&t=80')")
        page.locator(".player-transcript .cue.here[data-start='80.0']").wait_for()
        frames = len(asked)
        page.reload()
        page.locator(_POSTER, has_text=poster).wait_for()
        page.locator(".player-transcript .cue.here[data-start='80.0']").wait_for()
        assert page.input_value("#q") == question
        assert len(asked) == frames  # nothing is asked of YouTube until play is pressed
        copied = page.evaluate("location.href")
        page.locator(_POSTER).click()
        page.frame_locator("iframe").locator("body", has_text="80").wait_for()
    with browser.new_context(locale=locale) as context, faultless(context) as page:
        asked = without_others(page, address)
        page.goto(copied)
        page.locator(_POSTER, has_text=poster).wait_for()
        assert page.input_value("#q") == question
        assert page.locator(".elsewhere").get_attribute("href") == f"https://www.youtube.com/watch?v={first}&t=80s"
        assert asked == []


def test_a_recording_comes_back_by_its_address(browser: Browser, recorded: str) -> None:
    with opened(browser, recorded) as page:
        page.goto(f"/?q={quote('注意力')}&language=zh")
        link = page.locator(".go[data-play=audio]").first
        start = float(link.get_attribute("data-start") or "nan")
        link.click()
        until(page, f"document.querySelector('audio')?.currentTime >= {start - 0.1}")
        assert played(page)[1] == pytest.approx(start, abs=0.01)
        page.reload()
        until(page, f"Math.abs(document.querySelector('audio')?.currentTime - {start}) < 0.2")
        assert page.evaluate("document.querySelector('audio').paused")
        page.locator(".player-transcript .cue.here").wait_for()
        page.locator("#player .close").click()
        page.locator("#player").wait_for(state="hidden")
        assert "play" not in parse_qs(page.evaluate("location.search.slice(1)"))
        page.go_back()
        page.locator("#player audio").wait_for()


def test_without_a_script_the_address_shows_what_plays(browser: Browser, address: str, recorded: str) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        asked = without_others(page, address)
        page.goto(f"{address}/?q=mask&play=aaaaaaaaaaa&t=80.5")
        assert page.locator(_POSTER).get_attribute("href") == "https://www.youtube.com/watch?v=aaaaaaaaaaa&t=80s"
        assert page.locator("#player .whole").get_attribute("href") == "/resource/aaaaaaaaaaa?language=en&t=80.5"
        assert asked == []
        assert page.locator("#player .controls").is_hidden()
        page = context.new_page()
        page.goto(f"{recorded}/?q=attention")
        recording = page.locator(".go[data-play=audio]").first.get_attribute("data-id")
        page.goto(f"{recorded}/?q=attention&play={recording}&t=12")
        assert page.locator("#player audio").get_attribute("src") == f"/media/{recording}#t=12.0"
        page.goto(f"{address}/?q=mask&play=none&t=80")
        assert page.locator(".moment").count() > 0
        assert page.locator("#player").is_hidden()


def test_the_controls_jump_step_and_set_a_speed_that_is_kept(page: Page, address: str) -> None:
    without_others(page, address)
    page.goto("/?q=mask&kind=video&k=8")
    page.locator(".go[data-id=aaaaaaaaaaa][data-start='80.0']").click()
    body = page.frame_locator("iframe").locator("body")
    body.get_by_text('"time":80').wait_for()
    page.locator("[data-do=back]").click()
    body.get_by_text('"time":70').wait_for()
    page.locator(".elsewhere", has_text="Open on YouTube at 1:10").wait_for()
    page.locator("[data-do=forward]").click()
    body.get_by_text('"time":80').wait_for()
    page.locator("[data-do=toggle]").click()
    body.get_by_text('"state":2').wait_for()
    page.locator("[data-do=toggle]").click()
    body.get_by_text('"state":1').wait_for()
    page.select_option(".speed", "1.5")
    body.get_by_text('"rate":1.5').wait_for()
    page.reload()
    assert page.input_value(".speed") == "1.5"
    page.locator(_POSTER).click()
    body.get_by_text('"rate":1.5').wait_for()
    assert state_of_player(page) == {"time": 80, "state": 1, "rate": 1.5}


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (101, {"en-GB": "doesn’t let this video play", "zh-CN": "不允许"}),
        (150, {"en-GB": "doesn’t let this video play", "zh-CN": "不允许"}),
        (153, {"en-GB": "doesn’t let this video play", "zh-CN": "不允许"}),
        (100, {"en-GB": "can’t find this video", "zh-CN": "找不到"}),
        (5, {"en-GB": "reports a fault", "zh-CN": "出错"}),
    ],
)
def test_where_a_video_cant_be_embedded_a_link_leads_to_its_second(
    browser: Browser, address: str, fault: int, words: dict[str, str], locale: str
) -> None:
    with opened(browser, address, locale=locale) as page:
        without_others(page, address, player_with(fault))
        page.goto("/?q=mask&kind=video&play=aaaaaaaaaaa&t=80")
        page.locator(_POSTER).click()
        trouble = page.locator("#player .trouble", has_text=words[locale])
        trouble.wait_for()
        assert trouble.locator("a").get_attribute("href") == "https://www.youtube.com/watch?v=aaaaaaaaaaa&t=80s"


def test_a_player_that_never_answers_is_told_of(page: Page, address: str) -> None:
    without_others(page, address, SILENT)
    page.goto("/resource/aaaaaaaaaaa?t=40")
    page.locator(".own-player .poster").click()
    trouble = page.locator(".own-player .trouble", has_text="doesn’t answer")
    trouble.wait_for()
    assert trouble.locator("a").get_attribute("href") == "https://www.youtube.com/watch?v=aaaaaaaaaaa&t=40s"


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
def test_nothing_moves_when_an_answer_loads_and_when_the_player_opens(
    browser: Browser, address: str, recorded: str, size: tuple[int, int]
) -> None:
    for base, kind in ((address, "youtube"), (recorded, "audio")):
        viewport = {"width": size[0], "height": size[1]}
        with browser.new_context(base_url=base, viewport=viewport) as context, faultless(context) as page:  # type: ignore[arg-type]
            without_others(page, base)
            page.goto("/?q=attention")
            page.evaluate(_SHIFTS)
            page.locator(f".go[data-play={kind}]").first.click()
            page.locator(".player-transcript .cue.here").wait_for()
            page.wait_for_timeout(500)
            assert page.evaluate("shifts") == []


def test_an_answer_stands_where_it_stays_before_the_place_for_the_player_is_loaded(page: Page, address: str) -> None:
    without_others(page, address)
    page.goto("/?q=mask&kind=video")
    stands = page.locator("main").bounding_box()
    page.evaluate("document.getElementById('beside').remove()")
    assert page.locator("main").bounding_box() == stands


@pytest.mark.parametrize(
    ("language", "own", "other"),
    [("en", "A mask hides the future.", "掩碼把未來藏起來。"), ("zh", "掩碼是三角形。", "The mask is a triangle.")],
)
def test_both_languages_stand_side_by_side(
    bilingual: Path, browser: Browser, language: str, own: str, other: str
) -> None:
    with served(bilingual) as address, opened(browser, address) as page:
        page.goto(f"/?q=mask&language={language}&play=ddddddddddd&t=20")
        page.locator(".player-transcript", has_text=own).wait_for()
        assert page.locator(".player-transcript .other").count() == 0
        page.get_by_label("Both languages").check()
        page.locator(".player-transcript .other", has_text=other).first.wait_for()
        until(page, "document.querySelectorAll('.player-transcript .cue.here').length === 2")
        starts = page.evaluate(
            "[...document.querySelectorAll('.player-transcript .cue.here')].map((cue) => cue.dataset.start)"
        )
        assert starts == ["20.0", "20.0"]
        page.get_by_label("Both languages").uncheck()
        until(page, "document.querySelectorAll('.player-transcript .other').length === 0")
        page.goto(f"/resource/ddddddddddd?language={language}")
        page.locator("a.both").click()
        page.locator("#transcript .other", has_text=other).first.wait_for()
        assert "beside=" in urlsplit(page.evaluate("location.href")).query
        rows = page.locator("#transcript .paragraph")
        assert rows.filter(has_text=own).filter(has_text=other).count() or rows.count() > 1


def test_the_players_own_place_is_beside_every_answer(page: Page, address: str) -> None:
    without_others(page, address)
    page.goto("/")
    assert page.locator("#beside").is_hidden()
    page.fill("#q", "mask")
    page.keyboard.press("Enter")
    page.locator(".place-hint", has_text="plays here").wait_for()


_BODY = "#player iframe"
_QUICK = {
    "Masks [eeeeeeeeeee].en": [
        "Welcome to the talk.",
        "Attention weighs words.",
        "A mask hides the future.",
        "So long.",
    ],
    "掩码 [fffffffffff].zh": ["欢迎大家。", "注意力给词一个权重。", "掩码把未来藏起来。", "再见。"],
}
_NAME = "(link) => link && `${link.dataset.id} ${link.dataset.start}`"
_MOMENTS = f"[...document.querySelectorAll('.moments .go')].map({_NAME})"
_CURRENT = f"({_NAME})(document.querySelector('.go[aria-current]'))"


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server of a library of two videos, in which a moment has other lines around it."""
    folder = tmp_path_factory.mktemp("quick")
    for name, lines in _QUICK.items():
        (folder / f"{name}.vtt").write_text(webvtt(*lines, seconds=10), encoding="utf-8")
    seekpoint.build(folder, folder / "library", encoder=TopicEncoder(), translate=False)
    with served(folder / "library") as result:
        yield result


@pytest.fixture
def tab(browser: Browser, quick: str) -> Iterator[Page]:
    with opened(browser, quick) as tab:
        yield tab


def play(tab: Page, resource: str, start: float) -> None:
    """Play a moment of a video, and wait for its player."""
    tab.locator(f".title .go[data-id={resource}][data-start='{start}']").click()
    tab.frame_locator(_BODY).locator("body").get_by_text(f'"time":{start:.0f}').wait_for()


@pytest.mark.parametrize(
    ("question", "first", "second"),
    [("mask", "eeeeeeeeeee", "fffffffffff"), ("掩码", "fffffffffff", "eeeeeeeeeee")],
)
def test_after_back_to_another_video_youtube_is_asked_for_nothing_until_play_is_pressed(
    tab: Page, quick: str, question: str, first: str, second: str
) -> None:
    asked = without_others(tab, quick)
    tab.goto(f"/?q={quote(question)}&kind=video&k=2")
    play(tab, first, 20.0)
    play(tab, second, 20.0)
    tab.go_back()
    tab.locator("#player .poster").wait_for()
    tab.locator(".player-transcript .cue.here").wait_for()
    tab.keyboard.press("ArrowRight")  # which moves the second, and doesn't play either
    until(tab, "document.querySelector('#player .elsewhere').href.endsWith('t=30s')")
    assert len(asked) == 2
    tab.locator("#player .poster").click()
    tab.frame_locator(_BODY).locator("body", has_text='"time":30').wait_for()


def test_back_within_a_paused_video_leaves_it_paused(tab: Page, quick: str) -> None:
    asked = without_others(tab, quick)
    tab.goto("/?q=mask&kind=video&k=2")
    play(tab, "eeeeeeeeeee", 20.0)
    tab.locator(".around summary").first.click()
    tab.locator(".around .cue").first.click()
    body = tab.frame_locator(_BODY).locator("body")
    body.get_by_text('"time":0').wait_for()
    tab.locator("[data-do=toggle]").click()
    body.get_by_text('"state":2').wait_for()
    tab.go_back()
    body.get_by_text('"time":20').wait_for()
    assert state_of_player(tab)["state"] == 2
    assert len(asked) == 1


def test_a_recording_that_was_closed_is_silent_after_back(browser: Browser, recorded: str) -> None:
    with opened(browser, recorded) as tab:
        tab.goto(f"/?q={quote('注意力')}&language=zh")
        tab.locator(".go[data-play=audio]").first.click()
        until(tab, "document.querySelector('#player audio')?.played.length")
        tab.keyboard.press("Escape")
        tab.locator("#player").wait_for(state="hidden")
        tab.go_back()
        until(tab, "document.querySelector('#player audio')?.readyState >= 2")
        tab.wait_for_timeout(500)
        assert tab.evaluate("(({paused, played}) => [paused, played.length])(document.querySelector('audio'))") == [
            True,
            0,
        ]


@pytest.mark.parametrize(
    ("question", "first", "second"),
    [("mask", "eeeeeeeeeee", "fffffffffff"), ("掩码", "fffffffffff", "eeeeeeeeeee")],
)
def test_next_and_previous_go_on_from_a_line_around_a_moment(
    tab: Page, quick: str, question: str, first: str, second: str
) -> None:
    without_others(tab, quick)
    tab.goto(f"/?q={quote(question)}&kind=video&k=2")
    assert tab.evaluate(_MOMENTS) == [f"{first} 20.0", f"{second} 20.0"]
    for resource, step, reached in ((first, "next", second), (second, "previous", first)):
        moment = tab.locator(f".moment:has(.go[data-id={resource}])")
        moment.locator(".around summary").click()
        moment.locator(".around .cue").first.click()
        until(tab, f"{_CURRENT} === '{resource} 20.0'")
        assert tab.locator("[data-do=previous]").is_enabled() == (step == "previous")
        assert tab.locator("[data-do=next]").is_enabled() == (step == "next")
        tab.locator(f"[data-do={step}]").click()
        until(tab, f"{_CURRENT} === '{reached} 20.0'")


def test_the_focus_comes_back_to_the_line_that_was_played(tab: Page, quick: str) -> None:
    without_others(tab, quick)
    tab.goto("/?q=mask&kind=video&k=2")
    tab.locator(".around summary").first.click()
    tab.locator(".around .cue").first.click()
    tab.locator("#player iframe").wait_for()
    tab.keyboard.press("Escape")
    assert tab.evaluate("document.activeElement.matches('.around .cue')")


@pytest.mark.parametrize(("language", "other"), [("en", "zh"), ("zh", "en")])
def test_both_languages_stay_chosen_for_the_next_video(
    browser: Browser, tmp_path: Path, language: str, other: str
) -> None:
    lines = dict(zip(("en", "zh"), _QUICK.values(), strict=True))
    for video, track in product(("eeeeeeeeeee", "fffffffffff"), lines):
        (tmp_path / f"{video} [{video}].{track}.vtt").write_text(webvtt(*lines[track], seconds=10), encoding="utf-8")
    seekpoint.build(tmp_path, tmp_path / "library", encoder=TopicEncoder(), translate=False)
    with served(tmp_path / "library") as address, opened(browser, address) as tab:
        tab.goto(f"/?q=mask&language={language}")
        for video in ("eeeeeeeeeee", "fffffffffff"):
            tab.locator(f".title .go[data-id={video}]").click()
            tab.get_by_label("Both languages").check()  # which it is already the second time
            tab.locator(".player-transcript .other .cue", has_text=lines[other][2]).wait_for()
        tab.get_by_label("Both languages").uncheck()
        tab.locator(".player-transcript .other").first.wait_for(state="detached")
        tab.locator(".player-transcript .cue", has_text=lines[language][2]).wait_for()


def test_keys_act_on_a_checkbox_and_escape_on_a_menu_too(tab: Page) -> None:
    tab.goto("/?q=mask&kind=video&k=2")
    play(tab, "eeeeeeeeeee", 20.0)
    body = tab.frame_locator(_BODY).locator("body")
    tab.get_by_label("Follow along").click()
    tab.keyboard.press("ArrowRight")
    body.get_by_text('"time":30').wait_for()
    tab.keyboard.press(" ")  # which belongs to the checkbox
    assert tab.get_by_label("Follow along").is_checked()
    assert state_of_player(tab)["state"] == 1
    tab.keyboard.press("j")
    until(tab, f"{_CURRENT} === 'fffffffffff 20.0'")
    tab.get_by_label("Follow along").focus()
    tab.keyboard.press("Escape")
    tab.locator("#player").wait_for(state="hidden")
    play(tab, "eeeeeeeeeee", 20.0)
    tab.locator("#player .speed").focus()
    tab.keyboard.press("j")
    assert tab.evaluate(_CURRENT) == "eeeeeeeeeee 20.0"
    tab.keyboard.press("Escape")
    tab.locator("#player").wait_for(state="hidden")
