"""Asking and playing in a real Chromium: answers, the player beside them, its controls, keys and suggestions."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from tests.fakes import TopicEncoder
from tests.noted import note
from tests.query.web.conftest import captioned, opened, play
from tests.query.web.served import (
    outlast_timers,
    player_with,
    requests_of,
    served,
    settled,
    state_of_player,
    until,
    without_others,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

    from seekpoint.index.types import Vectors

pytestmark = pytest.mark.chromium

_ASK = """(question) => {
    const form = document.getElementById("ask")
    form.elements.q.value = question
    form.requestSubmit()
}"""
_IS_BUSY = "document.body.classList.contains('busy')"
_SEARCH = "location.search.slice(1)"
_POSTER = "#player .poster"


def played(page: Page) -> tuple[str, float]:
    given = parse_qs(page.evaluate(_SEARCH))
    return given["play"][0], float(given["t"][0])


@pytest.mark.smoke
def test_an_answer_plays_and_comes_back_by_its_address(browser: Browser, address: str) -> None:
    question, first, poster = "掩码藏了什么？", "bbbbbbbbbbb", "从 1:20 播放《掩码》"

    def is_at_first(page: Page, wanted: bool) -> None:
        until(page, f"location.search.includes('play={first}&t=80') === {str(wanted).lower()}")

    with opened(browser, address, locale="zh-CN") as page:
        asked = without_others(page, address)
        page.goto("/?kind=video")
        page.keyboard.type(question)
        page.keyboard.press("Enter")
        page.locator("[role=status]").first.get_by_text("可能在其中一处").wait_for()
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
    with opened(browser, address, locale="zh-CN") as page:
        asked = without_others(page, address)
        page.goto(copied)
        page.locator(_POSTER, has_text=poster).wait_for()
        assert page.input_value("#q") == question
        assert page.locator(".elsewhere").get_attribute("href") == f"https://www.youtube.com/watch?v={first}&t=80s"
        assert asked == []


def test_the_player_plays_on_while_an_answer_is_filtered(page: Page, address: str) -> None:
    asked = without_others(page, address)
    page.goto("/?q=mask&kind=video")
    page.locator(".go").first.click()
    page.locator("#player iframe").wait_for()
    page.select_option("[name=language]", "zh")
    until(page, "document.querySelectorAll('.quote:not([lang^=zh])').length === 0")
    assert page.locator("#player iframe").is_visible()
    page.go_back()
    until(page, "document.querySelectorAll('.quote:not([lang^=zh])').length > 0")
    assert len(asked) == 1


def test_moments_like_another_are_filtered_and_left_again(page: Page) -> None:
    page.goto("/?q=mask&kind=video")
    page.get_by_role("link", name="More like this").first.click()
    page.locator(".chip").wait_for()
    assert page.input_value("#q") == "mask"
    page.select_option("[name=language]", "zh")
    until(page, "document.querySelector('.chip') && location.search.includes('language=zh')")
    page.locator(".chip a").click()
    until(page, "!document.querySelector('.chip')")
    assert page.input_value("#q") == "mask"


def test_a_link_is_copied(browser: Browser, address: str) -> None:
    with opened(browser, address, permissions=["clipboard-read", "clipboard-write"]) as page:
        page.goto("/?q=mask&language=en&kind=video")
        page.locator(".copy").first.click()
        page.get_by_text("Copied").wait_for()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == "https://www.youtube.com/watch?v=aaaaaaaaaaa&t=80s"


@pytest.mark.parametrize(("link", "there"), [("简体中文", "**/?*ui=zh*"), ("Reading list", "**/list?q=*")])
def test_links_of_the_page_take_along_what_was_asked_without_leaving_it(page: Page, link: str, there: str) -> None:
    page.goto("/")
    page.fill("#q", "掩码 mask")
    page.keyboard.press("Enter")
    page.locator(".moment").first.wait_for()
    page.get_by_role("link", name=link).click()
    page.wait_for_url(there)
    assert page.input_value("#q") == "掩码 mask"


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
        settled(page)
        assert page.evaluate("document.querySelector('audio').played.length") == 0
        page.reload()
        until(page, f"Math.abs(document.querySelector('audio')?.currentTime - {start}) < 0.2")
        assert page.evaluate("document.querySelector('audio').paused")


def test_the_controls_jump_and_set_a_speed_that_is_kept(page: Page) -> None:
    page.goto("/?q=mask&kind=video&k=8")
    play(page, "aaaaaaaaaaa", 80.0)
    body = page.frame_locator("iframe").locator("body")
    page.locator("[data-do=back]").click()
    page.locator(".elsewhere", has_text="Open on YouTube at 1:10").wait_for()
    page.locator("[data-do=forward]").click()
    body.get_by_text('"time":80').wait_for()
    page.select_option(".speed", "1.5")
    body.get_by_text('"rate":1.5').wait_for()
    page.reload()
    assert page.input_value(".speed") == "1.5"
    page.locator(_POSTER).click()
    body.get_by_text('"rate":1.5').wait_for()
    assert state_of_player(page) == {"time": 80, "state": 1, "rate": 1.5}


def test_where_a_video_doesnt_play_a_link_leads_to_its_second(browser: Browser, address: str) -> None:
    for fault, locale, told in (
        (101, "en-GB", "doesn’t let this video play"),
        (150, "zh-CN", "不允许"),
        (153, "zh-CN", "不允许"),
        (100, "en-GB", "can’t find this video"),
        (5, "zh-CN", "出错"),
        (0, "zh-CN", "没有回应"),  # after ten seconds, by the page's clock
    ):
        with opened(browser, address, locale=locale) as page:
            page.clock.install()
            without_others(page, address, player_with(fault) if fault else "<!doctype html><title>silent</title>")
            page.goto("/?q=mask&kind=video&play=aaaaaaaaaaa&t=80" if fault else "/resource/aaaaaaaaaaa?t=80")
            page.locator(".screen .poster").click()
            if not fault:
                page.locator("iframe").wait_for()
                page.clock.run_for(11_000)
            trouble = page.locator(".trouble", has_text=told)
            trouble.wait_for()
            address_there = trouble.locator("a").get_attribute("href")
            assert address_there == "https://www.youtube.com/watch?v=aaaaaaaaaaa&t=80s", f"fault {fault}"


ENGLISH = ["Welcome to the talk.", "Attention weighs words.", "A mask hides the future.", "So long."]
CHINESE = ["欢迎大家。", "注意力给词一个权重。", "掩码把未来藏起来。", "再见。"]


def test_both_languages_stand_side_by_side_and_stay_chosen(browser: Browser, tmp_path: Path) -> None:
    first = {"eeeeeeeeeee_en": ENGLISH, "eeeeeeeeeee_zh": CHINESE}
    library = captioned(tmp_path, 10, **first, fffffffffff_en=ENGLISH, fffffffffff_zh=CHINESE)
    with served(library) as address, opened(browser, address) as tab:
        tab.goto("/?q=mask&language=zh&play=eeeeeeeeeee&t=20")
        tab.locator(".player-transcript", has_text=CHINESE[2]).wait_for()
        both, others = tab.get_by_label("Both languages"), tab.locator(".player-transcript .other")
        assert others.count() == 0
        both.check()
        others.filter(has_text=ENGLISH[2]).first.wait_for()
        until(tab, "document.querySelectorAll('.player-transcript .cue.here[data-start=\"20.0\"]').length === 2")
        for video in ("fffffffffff", "eeeeeeeeeee"):
            tab.locator(f".title .go[data-id={video}]").click()
            tab.locator(".player-title", has_text=video).wait_for()
            tab.locator(".player-transcript .other .cue", has_text=ENGLISH[2]).wait_for()
            assert both.is_checked(), "the next video is shown in both languages too"
        both.uncheck()
        others.first.wait_for(state="detached")
        tab.locator(".player-transcript .cue", has_text=CHINESE[2]).wait_for()


def test_a_line_around_a_moment_plays_and_next_previous_back_and_the_focus_go_on_from_it(
    browser: Browser, tmp_path: Path
) -> None:
    library = captioned(tmp_path, 10, eeeeeeeeeee_en=ENGLISH, fffffffffff_zh=CHINESE)
    with served(library) as address, opened(browser, address) as tab:
        asked = without_others(tab, address)
        body = tab.frame_locator("#player iframe").locator("body")
        tab.goto("/?q=掩码&kind=video&k=2")
        first, second = "fffffffffff", "eeeeeeeeeee"
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

        tab.goto("/?q=mask&kind=video&k=2")
        current = "document.querySelector('.go[aria-current]')?.dataset.id"
        for resource, step, reached in ((second, "next", first), (first, "previous", second)):
            moment = tab.locator(f".moment:has(.go[data-id={resource}])")
            moment.locator(".around summary").click()
            moment.locator(".around .cue").first.click()
            until(tab, f"{current} === '{resource}'")
            assert tab.locator("[data-do=previous]").is_enabled() == (step == "previous")
            assert tab.locator("[data-do=next]").is_enabled() == (step == "next")
            tab.locator(f"[data-do={step}]").click()
            until(tab, f"{current} === '{reached}'")
        tab.locator(".around .cue").first.click()
        tab.locator("#player iframe").wait_for()
        tab.keyboard.press("Escape")
        assert tab.evaluate("document.activeElement.matches('.around .cue')"), "the focus is on the line"


_FOCUS = "document.activeElement"
_QUESTION = "new URLSearchParams(location.search).get('q')"
_OPTION = "#suggestions [role=option]"


def test_the_keyboard_is_enough(page: Page) -> None:
    page.goto("/?kind=video")
    page.keyboard.type("mask jk/? 掩码")
    page.keyboard.press("Enter")
    page.locator(".moment").first.wait_for()
    assert page.evaluate(f"{_FOCUS}.id") == "q"
    assert page.input_value("#q") == "mask jk/? 掩码"
    for key in ("ArrowDown", "ArrowDown", "ArrowUp"):
        page.keyboard.press(key)
    assert page.evaluate(f"{_FOCUS} === document.querySelector('.moment .go')")
    for key, number in (("j", 1), ("k", 0)):
        page.keyboard.press(key)
        assert page.evaluate(f"{_FOCUS} === document.querySelectorAll('.moment .title .go')[{number}]")
    page.keyboard.press("Enter")
    body = page.frame_locator("#player iframe").locator("body")
    body.get_by_text('"time":80,"state":1').wait_for()
    for key, state in ((" ", '"state":2'), ("ArrowLeft", '"time":70,"state":1'), ("ArrowRight", '"time":80')):
        page.keyboard.press(key)
        body.get_by_text(state).wait_for()
    page.keyboard.press("j")
    until(page, "!location.search.includes('t=80&') && document.querySelector('.go[aria-current]') !== null")
    page.keyboard.press("?")
    page.locator("#keys").wait_for()
    page.keyboard.press("j")
    page.keyboard.press("Escape")
    page.locator("#keys").wait_for(state="hidden")
    assert page.locator("#player iframe").is_visible()
    page.keyboard.press("Escape")
    page.locator("#player").wait_for(state="hidden")
    assert page.evaluate(f"{_FOCUS}.matches('.moment .go')")
    page.keyboard.press("/")
    assert page.evaluate(f"{_FOCUS}.id") == "q"


def test_a_transcript_is_one_tab_stop(page: Page) -> None:
    page.goto("/?q=mask&kind=video&play=aaaaaaaaaaa&t=40")
    page.locator(".player-transcript .cue.here[data-start='40.0']").wait_for()
    page.locator(".both input").evaluate("(input) => input.closest('.player-choices').querySelector('.follow').focus()")
    for key, start in (("Tab", "40.0"), ("ArrowDown", "80.0"), ("ArrowDown", "80.0")):
        page.keyboard.press(key)
        assert page.evaluate(f"{_FOCUS}.dataset.start") == start
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    page.frame_locator("#player iframe").locator("body").get_by_text('"time":0').wait_for()
    page.keyboard.press("Tab")
    assert not page.evaluate(f"{_FOCUS}.matches('.cue')")
    page.goto("/resource/aaaaaaaaaaa")
    until(page, "document.querySelectorAll('#transcript .cue[tabindex=\"0\"]').length === 1")
    assert page.locator("#transcript .cue:not([tabindex])").count() == 0


def test_keys_act_neither_with_modifiers_nor_on_a_button_nor_when_they_are_off(page: Page) -> None:
    page.goto("/?q=mask&kind=video")
    page.locator(".go").first.click()
    body = page.frame_locator("#player iframe").locator("body")
    body.get_by_text('"state":1').wait_for()
    before = page.evaluate("location.search")
    page.keyboard.press("Alt+j")
    page.keyboard.press("Shift+J")
    assert page.evaluate("location.search") == before
    page.locator("[data-do=back]").focus()
    page.keyboard.press(" ")
    body.get_by_text('"time":70,"state":1').wait_for()
    page.get_by_label("Follow along").click()
    page.keyboard.press("ArrowRight")
    body.get_by_text('"time":80,"state":1').wait_for()
    page.keyboard.press(" ")  # which belongs to the checkbox
    assert page.get_by_label("Follow along").is_checked()
    assert state_of_player(page)["state"] == 1
    page.locator("#player .speed").focus()
    page.keyboard.press("j")
    assert page.evaluate("location.search") == before, "letters belong to a menu"
    page.get_by_label("Follow along").focus()
    page.keyboard.press("j")
    until(page, f"location.search !== '{before}'")
    before = page.evaluate("location.search")
    page.locator(".keys-open").click()
    page.locator("#single-keys").uncheck()
    page.keyboard.press("Escape")
    page.locator(".go").first.focus()
    page.keyboard.press("j")
    page.keyboard.press("/")
    assert page.evaluate("location.search") == before
    assert page.evaluate(f"{_FOCUS}.id") != "q"
    page.locator("#player .speed").focus()
    page.keyboard.press("Escape")
    page.locator("#player").wait_for(state="hidden")
    page.reload()
    assert not page.locator("#single-keys").is_checked()


def test_titles_and_earlier_questions_are_suggested_and_chosen_by_keys_alone(page: Page) -> None:
    page.goto("/")
    page.fill("#q", "masks")
    page.locator(_OPTION).first.wait_for()
    page.keyboard.press("Escape")
    assert page.locator("#suggestions").is_hidden()
    assert page.input_value("#q") == "masks", "Escape leaves the question"
    page.fill("#q", "")
    page.locator("#q").press_sequentially("掩")
    page.locator(_OPTION, has_text="掩码").first.wait_for()
    page.goto("/")
    page.fill("#q", "mas")
    option = page.locator(_OPTION).first
    option.wait_for()
    assert option.inner_text().startswith("Masks & more")
    page.keyboard.press("ArrowDown")
    assert page.locator("#q").get_attribute("aria-activedescendant") == option.get_attribute("id")
    page.keyboard.press("Enter")
    page.wait_for_url("**/resource/aaaaaaaaaaa")

    page.goto("/")
    page.fill("#q", "what does the mask hide?")
    page.keyboard.press("Enter")
    page.locator(".moment").first.wait_for()
    page.goto("/")
    page.click("#q")
    page.locator(_OPTION, has_text="what does the mask hide?").wait_for()
    page.locator("[data-kind=forget]").click()
    page.goto("/")
    page.click("#q")
    outlast_timers(page, 300)
    assert page.locator("#suggestions").is_hidden(), "they are forgotten"


def test_a_noted_question_that_is_suggested_is_asked_under_the_filters(library: Path, browser: Browser) -> None:
    note(library, "aaaaaaaaaaa", (80.0, "en", "What does the mask hide?"))
    with served(library) as address, opened(browser, address) as page:
        page.goto("/?kind=video")
        assert page.locator(".examples a").first.inner_text() == "What does the mask hide?"
        page.fill("#q", "what does")
        option = page.locator(_OPTION, has_text="What does the mask hide?")
        assert option.inner_text().split()[-1] == "question"
        option.click()
        page.locator(".moment").first.wait_for()
        assert page.input_value("#q") == "What does the mask hide?"
        assert parse_qs(urlsplit(page.url).query)["kind"] == ["video"]


def test_an_answer_appears_while_typing_and_is_one_entry_of_the_history(browser: Browser, address: str) -> None:
    with opened(browser, address, may_refuse=True) as page:
        page.goto("/")
        asked = requests_of(page)
        page.keyboard.type("ma")
        outlast_timers(page, 600)
        assert not [url for url in asked if "/?q=" in url], "two letters are too few"
        page.fill("#q", "掩码")
        page.locator(".moment").first.wait_for()
        page.fill("#q", "-掩码")
        page.locator("[role=status]", has_text="That only excludes words").wait_for()
        page.locator("#q").press_sequentially(" attention")
        page.locator(".moment").first.wait_for()
        assert page.input_value("#q") == "-掩码 attention", "a word to leave out may come first"
        page.fill("#q", "")
        page.keyboard.type("what does the mask hide", delay=5)
        until(page, f"{_QUESTION} === 'what does the mask hide'")
        assert page.evaluate(f"{_FOCUS}.id") == "q"
        page.keyboard.type("? xylophon")
        until(page, f"{_QUESTION} === 'what does the mask hide? xylophon'")
        status = "document.querySelector('#results [role=status]').textContent.includes('xylophon')"
        assert not page.evaluate(status), "nothing is said of a word that is half typed"
        for _ in range(3):
            with page.expect_response("**/?q=*xylophon*"):
                page.keyboard.press("Enter")
            until(page, status)
            settled(page)
        page.go_back()
        until(page, "location.search === ''")


def test_back_returns_to_the_place_on_the_page_and_to_its_language(page: Page) -> None:
    page.set_viewport_size({"width": 900, "height": 530})
    page.goto("/?q=mask&k=100")
    page.evaluate("scrollTo(0, 400)")
    # To a page that is too short to be scrolled; without a click, which would scroll to the form.
    page.evaluate("form = document.getElementById('ask'); form.elements.section.value = '其他'; form.requestSubmit()")
    until(page, "location.search.includes('section') && document.documentElement.scrollHeight <= innerHeight")
    page.go_back()
    until(page, "document.querySelectorAll('.moment').length > 1 && scrollY === 400")

    page.goto("/?q=mask&ui=zh")
    page.fill("#q", "attention")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=attention")
    page.locator(".foot").get_by_role("link", name="English").click()
    page.get_by_role("button", name="Ask").wait_for()
    page.go_back()
    page.get_by_role("button", name="Ask").wait_for()  # the cookie's language
    page.go_back()
    page.locator("html[lang=zh-Hans]").wait_for()
    page.get_by_role("button", name="提问").wait_for()


class SlowEncoder(TopicEncoder):
    """An encoder that takes longer for a question than an answer may take while someone types."""

    def question(self, text: str) -> Vectors:
        time.sleep(0.2)
        return super().question(text)


@pytest.mark.parametrize(
    ("ui", "told"), [("en", "The server didn’t answer. Is it still running?"), ("zh", "服务器没有回答。它还在运行吗？")]
)
def test_no_answer_stands_under_a_question_that_a_gone_server_didnt_hear(
    browser: Browser, address: str, ui: str, told: str
) -> None:
    with opened(browser, address, may_refuse=True) as page:
        page.goto(f"/?q=mask&ui={ui}")
        page.locator(".moment").first.wait_for()
        page.route("**/*", lambda route: route.abort())
        page.fill("#q", "softmax")
        page.keyboard.press("Enter")
        page.locator("#results .verdict", has_text=told).wait_for()
        assert page.locator(".moment, .offer .poster").count() == 0
        page.unroute("**/*")
        page.keyboard.press("Enter")
        page.locator(".moment").first.wait_for()

        page.goto(f"/list?ui={ui}")
        page.route("**/*", lambda route: route.abort())
        page.select_option("#sort", "title")
        page.locator(".narrowed", has_text=told).wait_for()


def test_a_slow_server_is_no_longer_asked_while_someone_types(talks: Path, browser: Browser) -> None:
    with served(talks, encoder=SlowEncoder()) as address, opened(browser, address) as page:
        page.goto("/")
        for word in ("mask", "掩码", "cache"):
            page.fill("#q", f"what is a {word}")
            until(page, f"{_QUESTION} === 'what is a {word}'")
        asked = requests_of(page)
        page.fill("#q", "what is a softmax")
        outlast_timers(page, 600)
        assert not [url for url in asked if "softmax" in url and "/?q=" in url]
