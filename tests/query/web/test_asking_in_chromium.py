"""Asking and playing in a real Chromium: the answer, the player beside it, its address and its controls."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlsplit

import pytest

import seekpoint
from tests.fakes import TopicEncoder
from tests.indexer.builds import webvtt
from tests.query.web.conftest import QUICK, faultless, opened, play
from tests.query.web.served import SILENT, player_with, served, state_of_player, until, without_others

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = pytest.mark.chromium

_ASK = """(question) => {
    const form = document.getElementById("ask")
    form.elements.q.value = question
    form.requestSubmit()
}"""
_IS_BUSY = "document.body.classList.contains('busy')"
_SEARCH = "location.search.slice(1)"
_POSTER = "#player .poster"
_NAME = "(link) => link && `${link.dataset.id} ${link.dataset.start}`"
_MOMENTS = f"[...document.querySelectorAll('.moments .go')].map({_NAME})"
_CURRENT = f"({_NAME})(document.querySelector('.go[aria-current]'))"
_QUICK_QUESTIONS = pytest.mark.parametrize(
    ("question", "first", "second"), [("mask", "eeeeeeeeeee", "fffffffffff"), ("掩码", "fffffffffff", "eeeeeeeeeee")]
)


def played(page: Page) -> tuple[str, float]:
    """The resource and the second that the address names."""
    given = parse_qs(page.evaluate(_SEARCH))
    return given["play"][0], float(given["t"][0])


@pytest.mark.parametrize(
    ("locale", "question", "first", "verdict", "poster"),
    [
        ("en-GB", "What does the mask hide?", "aaaaaaaaaaa", "may not answer it", "Play “Masks & more” from 1:20"),
        pytest.param(
            "zh-CN", "掩码藏了什么？", "bbbbbbbbbbb", "不一定回答了", "从 1:20 播放《掩码》", marks=pytest.mark.smoke
        ),
    ],
)
def test_an_answer_plays_and_comes_back_by_its_address(
    browser: Browser, address: str, locale: str, question: str, first: str, verdict: str, poster: str
) -> None:
    def is_at_first(page: Page, wanted: bool) -> None:
        until(page, f"location.search.includes('play={first}&t=80') === {str(wanted).lower()}")

    with opened(browser, address, locale=locale) as page:
        asked = without_others(page, address)
        page.goto("/?kind=video")
        page.keyboard.type(question)
        page.keyboard.press("Enter")
        page.locator("[role=status]").first.get_by_text(verdict).wait_for()
        # The page's own location changes at once; Playwright notices it later.
        assert parse_qs(page.evaluate(_SEARCH)) == {"q": [question], "kind": ["video"]}
        assert asked == [], "YouTube is asked for nothing before play is pressed"
        page.locator(f".go[data-id={first}][data-start='80.0']").click()
        body = page.frame_locator("iframe").locator("body")
        body.get_by_text("time").wait_for()
        embedded = urlsplit(asked[0])
        assert (embedded.scheme, embedded.hostname) == ("https", "www.youtube-nocookie.com")
        assert parse_qs(embedded.query)["start"] == ["80"]
        assert played(page) == (first, 80)
        page.locator("[data-do=previous]:enabled, [data-do=next]:enabled").first.click()
        is_at_first(page, False)
        second = played(page)
        here = page.locator(".player-transcript .cue.here[data-start='80.0']")
        page.go_back()
        is_at_first(page, True)
        here.wait_for()
        page.go_forward()
        is_at_first(page, False)
        assert played(page) == second
        page.go_back()
        is_at_first(page, True)
        here.wait_for()
        frames = len(asked)
        page.reload()
        page.locator(_POSTER, has_text=poster).wait_for()
        here.wait_for()
        assert page.input_value("#q") == question
        assert len(asked) == frames, "after a reload too, YouTube waits for play"
        copied = page.evaluate("location.href")
        page.locator(_POSTER).click()
        body.get_by_text("80").wait_for()
        page.locator(".player-transcript .cue[data-start='0.0']").click()
        page.locator(".player-transcript .cue.here[data-start='0.0']").wait_for()
        assert len(asked) == frames + 1, "a line of the transcript moves the player that is there"
    with browser.new_context(locale=locale) as context, faultless(context) as page:
        asked = without_others(page, address)
        page.goto(copied)
        page.locator(_POSTER, has_text=poster).wait_for()
        assert page.input_value("#q") == question
        assert page.locator(".elsewhere").get_attribute("href") == f"https://www.youtube.com/watch?v={first}&t=80s"
        assert asked == []


def test_an_answer_is_filtered_widened_copied_and_translated_in_place(browser: Browser, address: str) -> None:
    with opened(browser, address, permissions=["clipboard-read", "clipboard-write"]) as page:
        asked = without_others(page, address)
        page.goto("/")
        assert page.locator("#beside").is_hidden()
        page.fill("#q", "mask")
        page.keyboard.press("Enter")
        page.locator(".place-hint", has_text="plays here").wait_for()

        page.goto("/?q=mask&kind=video")
        page.locator(".go").first.click()
        page.locator("#player iframe").wait_for()
        page.select_option("[name=language]", "zh")
        until(page, "document.querySelectorAll('.quote:not([lang^=zh])').length === 0")
        assert page.locator("#player iframe").is_visible(), "the player plays on"
        page.go_back()
        until(page, "document.querySelectorAll('.quote:not([lang^=zh])').length > 0")
        assert len(asked) == 1, "the player plays on after going back"

        page.goto("/?q=softmax+makes+shares")
        before = page.locator(".moment").count()
        page.get_by_role("link", name="Show more moments").click()
        until(page, "location.search.includes('k=8')")
        until(page, f"document.querySelectorAll('.moments .go').length > {before}")

        page.goto("/?q=mask&kind=video")
        page.get_by_role("link", name="More like this").first.click()
        page.locator(".chip").wait_for()
        assert page.input_value("#q") == "mask"
        page.select_option("[name=language]", "zh")
        until(page, "document.querySelector('.chip') && location.search.includes('language=zh')")
        page.locator(".chip a").click()
        until(page, "!document.querySelector('.chip')")
        assert page.input_value("#q") == "mask"

        page.goto("/?q=mask&language=en&kind=video")
        page.locator(".copy").first.click()
        page.get_by_text("Copied").wait_for()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == "https://www.youtube.com/watch?v=aaaaaaaaaaa&t=80s"

        page.goto("/")
        page.fill("#q", "掩码 mask")
        page.keyboard.press("Enter")
        page.locator(".moment").first.wait_for()
        page.get_by_role("link", name="中文").click()
        page.get_by_role("button", name="提问").wait_for()
        assert page.input_value("#q") == "掩码 mask", "the language is chosen for the question that is shown"
        page.goto("/list")
        assert page.evaluate("document.documentElement.lang") == "zh-Hans"


def test_the_page_shows_that_it_waits_once_that_takes_long(page: Page) -> None:
    page.clock.install()
    page.goto("/?q=mask")
    page.clock.pause_at(page.evaluate("Date.now() / 1000") + 60)  # from here on the page's time stands still
    page.evaluate(_ASK, "softmax")
    until(page, "location.search === '?q=softmax'")
    page.clock.run_for(1000)
    assert not page.evaluate(_IS_BUSY)
    held = list["Route"]()
    page.route("**/?q=attention", lambda route: held.append(route))
    with page.expect_request("**/?q=attention"):
        page.evaluate(_ASK, "attention")
    for busy in (False, True):
        page.clock.run_for(100)
        assert page.evaluate(_IS_BUSY) == busy
    held[0].continue_()
    until(page, "location.search === '?q=attention'")
    assert not page.evaluate(_IS_BUSY)


def test_without_a_script_the_player_shows_nothing_empty_and_can_be_closed(browser: Browser, address: str) -> None:
    with opened(browser, address, java_script_enabled=False) as page:
        for width in (390, 768):
            page.set_viewport_size({"width": width, "height": 780})
            page.goto("/?q=mask&kind=video&play=aaaaaaaaaaa&t=80.5")
            assert page.locator("#player .controls").is_hidden()
            assert page.locator(".player-transcript").bounding_box() is None
            with page.expect_navigation():
                page.get_by_role("link", name="Close the player").click()
            assert parse_qs(urlsplit(page.url).query) == {"q": ["mask"], "kind": ["video"]}
            assert page.locator(".moment").count() > 0
            assert page.locator("#player").is_hidden()


def test_a_recording_plays_from_its_second_and_is_silent_after_back(browser: Browser, recorded: str) -> None:
    with opened(browser, recorded) as page:
        page.goto(f"/?q={quote('注意力')}&language=zh")
        link = page.locator(".go[data-play=audio]").first
        start = float(link.get_attribute("data-start") or "nan")
        link.click()
        until(page, f"document.querySelector('audio')?.currentTime >= {start - 0.1}")
        until(page, "document.querySelector('audio').played.length")  # seeking sets the time before anything plays
        assert abs(page.evaluate("document.querySelector('audio').played.start(0)") - start) < 1
        assert played(page)[1] == pytest.approx(start, abs=0.01)
        page.locator(".player-transcript .cue.here").wait_for()
        page.keyboard.press("Escape")
        page.locator("#player").wait_for(state="hidden")
        assert "play" not in parse_qs(page.evaluate(_SEARCH))
        page.go_back()
        until(page, "document.querySelector('#player audio')?.readyState >= 2")
        page.wait_for_timeout(500)
        silence = "(({paused, played}) => [paused, played.length])(document.querySelector('audio'))"
        assert page.evaluate(silence) == [True, 0]
        page.reload()
        until(page, f"Math.abs(document.querySelector('audio')?.currentTime - {start}) < 0.2")
        assert page.evaluate("document.querySelector('audio').paused")
        page.locator("#player .close").click()
        page.locator("#player").wait_for(state="hidden")


def test_the_controls_jump_step_and_set_a_speed_that_is_kept(page: Page) -> None:
    page.goto("/?q=mask&kind=video&k=8")
    play(page, "aaaaaaaaaaa", 80.0)
    body = page.frame_locator("iframe").locator("body")
    page.locator("[data-do=back]").click()
    body.get_by_text('"time":70').wait_for()
    page.locator(".elsewhere", has_text="Open on YouTube at 1:10").wait_for()
    page.locator("[data-do=forward]").click()
    body.get_by_text('"time":80').wait_for()
    for state in (2, 1):
        page.locator("[data-do=toggle]").click()
        body.get_by_text(f'"state":{state}').wait_for()
    page.select_option(".speed", "1.5")
    body.get_by_text('"rate":1.5').wait_for()
    page.reload()
    assert page.input_value(".speed") == "1.5"
    page.locator(_POSTER).click()
    body.get_by_text('"rate":1.5').wait_for()
    assert state_of_player(page) == {"time": 80, "state": 1, "rate": 1.5}


_NOT_EMBEDDED = {"en-GB": "doesn’t let this video play", "zh-CN": "不允许"}
_FAULTS = {
    **{code: _NOT_EMBEDDED for code in (101, 150, 153)},
    100: {"en-GB": "can’t find this video", "zh-CN": "找不到"},
    5: {"en-GB": "reports a fault", "zh-CN": "出错"},
    0: {"zh-CN": "没有回应"},  # after ten seconds
}


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_where_a_video_doesnt_play_a_link_leads_to_its_second(browser: Browser, address: str, locale: str) -> None:
    with opened(browser, address, locale=locale) as page:
        for fault in (fault for fault, words in _FAULTS.items() if locale in words):
            without_others(page, address, player_with(fault) if fault else SILENT)
            page.goto("/?q=mask&kind=video&play=aaaaaaaaaaa&t=80" if fault else "/resource/aaaaaaaaaaa?t=80")
            page.locator(".poster").click()
            trouble = page.locator(".trouble", has_text=_FAULTS[fault][locale])
            trouble.wait_for()
            address_there = trouble.locator("a").get_attribute("href")
            assert address_there == "https://www.youtube.com/watch?v=aaaaaaaaaaa&t=80s", f"fault {fault}"


@pytest.mark.parametrize(("language", "other"), [("en", "zh"), ("zh", "en")])
def test_both_languages_stand_side_by_side_and_stay_chosen(
    browser: Browser, tmp_path: Path, language: str, other: str
) -> None:
    lines = dict(zip(("en", "zh"), QUICK.values(), strict=True))
    for video, track in product(("eeeeeeeeeee", "fffffffffff"), lines):
        (tmp_path / f"{video} [{video}].{track}.vtt").write_text(webvtt(*lines[track], seconds=10), encoding="utf-8")
    seekpoint.build(tmp_path, tmp_path / "library", encoder=TopicEncoder(), translate=False)
    with served(tmp_path / "library") as address, opened(browser, address) as tab:
        tab.goto(f"/?q=mask&language={language}&play=eeeeeeeeeee&t=20")
        tab.locator(".player-transcript", has_text=lines[language][2]).wait_for()
        both, others = tab.get_by_label("Both languages"), tab.locator(".player-transcript .other")
        assert others.count() == 0
        both.check()
        others.filter(has_text=lines[other][2]).first.wait_for()
        until(tab, "document.querySelectorAll('.player-transcript .cue.here').length === 2")
        current = "[...document.querySelectorAll('.player-transcript .cue.here')].map((cue) => cue.dataset.start)"
        assert tab.evaluate(current) == ["20.0", "20.0"]
        for video in ("fffffffffff", "eeeeeeeeeee"):
            tab.locator(f".title .go[data-id={video}]").click()
            tab.locator(".player-title", has_text=video).wait_for()
            tab.locator(".player-transcript .other .cue", has_text=lines[other][2]).wait_for()
            assert both.is_checked(), "the next video is shown in both languages too"
        both.uncheck()
        others.first.wait_for(state="detached")
        tab.locator(".player-transcript .cue", has_text=lines[language][2]).wait_for()


@_QUICK_QUESTIONS
def test_back_leaves_a_player_paused_and_asks_youtube_for_nothing(
    tab: Page, quick: str, question: str, first: str, second: str
) -> None:
    asked = without_others(tab, quick)
    body = tab.frame_locator("#player iframe").locator("body")
    tab.goto(f"/?q={quote(question)}&kind=video&k=2")
    play(tab, first, 20.0)
    tab.locator(".around summary").first.click()
    tab.locator(".around .cue").first.click()
    body.get_by_text('"time":0').wait_for()
    tab.locator("[data-do=toggle]").click()
    body.get_by_text('"state":2').wait_for()
    tab.go_back()
    body.get_by_text('"time":20').wait_for()
    assert state_of_player(tab)["state"] == 2, "a video that was paused stays paused"
    assert len(asked) == 1
    play(tab, second, 20.0)
    tab.go_back()
    tab.locator(_POSTER).wait_for()
    tab.locator(".player-transcript .cue.here").wait_for()
    tab.keyboard.press("ArrowRight")  # which moves the second, and doesn't play either
    until(tab, "document.querySelector('#player .elsewhere').href.endsWith('t=30s')")
    assert len(asked) == 2, "another video waits for play"
    tab.locator(_POSTER).click()
    body.get_by_text('"time":30').wait_for()


@_QUICK_QUESTIONS
def test_next_previous_and_the_focus_go_on_from_a_line_around_a_moment(
    tab: Page, question: str, first: str, second: str
) -> None:
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
    tab.locator(".around .cue").first.click()
    tab.locator("#player iframe").wait_for()
    tab.keyboard.press("Escape")
    assert tab.evaluate("document.activeElement.matches('.around .cue')"), "the focus is on the line that was played"
