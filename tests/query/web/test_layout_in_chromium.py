"""The page on phones and on paper, what axe and other sites find, and a resource's own page, in a real Chromium."""

from __future__ import annotations

import gzip
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from pytest_httpserver import HTTPServer

import seekpoint
from tests.fakes import TopicEncoder
from tests.query.serving.test_live_library import CountingEncoder
from tests.query.web.conftest import SCHEMES, axe_faults, captioned, opened
from tests.query.web.served import player_with, served, settled, until, without_others
from tests.shared import SHARED, needs_shared

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page

pytestmark = pytest.mark.chromium

_TOP_AND_BOTTOM = (
    "(selector) => (({top, bottom}) => [top, bottom])(document.querySelector(selector).getBoundingClientRect())"
)
# Whether the whole transcript stands in the player, and the player in a window so high.
_IS_REACHED = f"""(height) => {{
    const [top, bottom] = ({_TOP_AND_BOTTOM})(".player-transcript"), [above, below] = ({_TOP_AND_BOTTOM})("#player")
    return bottom - top >= 100 && above <= top + 1 && bottom <= below + 1 && below <= height + 1
}}"""
_IS_ABOVE = f"({_TOP_AND_BOTTOM})('.go[aria-current]')[1] <= ({_TOP_AND_BOTTOM})('#player')[0]"
# What moves, but for the inside of the browser's own controls of an audio element, which isn't a node of the page.
_SHIFTS = """() => {
    window.shifts = []
    const moved = (entry) => entry.sources.filter((source) => source.node).map((source) => source.node.nodeName)
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => shifts.push(...moved(entry))))
        .observe({type: "layout-shift", buffered: true})
}"""
_FACES = "(element) => getComputedStyle(element).fontFamily"
# Where the heading stands, where each part of some facts does, what follows a part, and whether the facts are cut off.
_PARTS = """(facts) => [
    document.querySelector('h1.tagline, .moment h2, .resource h1').getBoundingClientRect().left,
    [...facts.children].map((part) => (({top, left}) => [top, left])(part.getBoundingClientRect())),
    getComputedStyle(facts.children[0], "::after").content, getComputedStyle(facts).clipPath.startsWith("inset"),
]"""
_PLACE = "(({x, y, width}) => [x, y, width])(document.querySelector('main').getBoundingClientRect())"
_WIDTH = "document.documentElement.scrollWidth"


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_the_page_fits_a_phone_and_asks_no_other_host(browser: Browser, address: str, locale: str) -> None:
    with opened(browser, address, locale=locale, viewport={"width": 360, "height": 720}) as page:
        asked = without_others(page, address)
        for path in ("/", "/?q=mask", "/list?q=mask", "/resource/aaaaaaaaaaa?q=mask&t=40"):
            page.goto(path)
            for scheme in SCHEMES:
                page.emulate_media(color_scheme=scheme)
                assert page.evaluate(_WIDTH) == 360
                color = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]")
                assert (color > 128) == (scheme == "light")
        assert asked == []
        page.set_viewport_size({"width": 320, "height": 640})
        page.goto("/?q=mask")
        heights = page.evaluate("[...document.querySelectorAll('.brand, .top nav a')].map((link) => link.offsetHeight)")
        assert max(heights) < 48, "the header breaks no word: two lines are higher"
        assert page.evaluate(_WIDTH) == 320
        page.set_viewport_size({"width": 390, "height": 780})
        page.goto("/?q=mask&k=8")
        page.locator(".go[data-play]").first.click()
        for _ in range(3):
            before = page.evaluate("location.search")
            page.locator("#player [data-do=next]").click()
            until(page, f"location.search !== '{before}'")
            until(page, _IS_ABOVE)  # the moment that plays


def test_in_a_low_window_the_whole_transcript_can_be_reached(page: Page) -> None:
    for width, height, scrolls in ((720, 450, False), (780, 360, True), (1100, 400, True)):
        page.set_viewport_size({"width": width, "height": height})
        page.goto("/?q=mask&kind=video&play=aaaaaaaaaaa&t=80")
        page.locator(".player-transcript .cue.here").wait_for()
        if scrolls:
            page.locator("#player").evaluate("(player) => player.scrollIntoView({block: 'end'})")
            page.locator(".player-title").hover()
            page.mouse.wheel(0, 1000)
        until(page, f"({_IS_REACHED})({height})")


def test_no_dot_stands_where_a_line_of_facts_begins_or_ends(page: Page) -> None:
    page.set_viewport_size({"width": 150, "height": 700})
    for path in ("/?q=mask&kind=video", "/?q=mask&kind=video&ui=zh", "/resource/aaaaaaaaaaa", "/?ui=zh"):
        page.goto(path)
        stands, parts, after, is_cut = page.locator(".where, .dots").first.evaluate(_PARTS)
        lines: set[float] = set()
        for top, left in parts:
            assert (left < stands) == (top not in lines), "the dot before the first part of a line is cut off"
            lines.add(top)
        assert (len(lines) > 1, after, is_cut) == (True, "none", True), path


def test_quotation_marks_are_wide_in_chinese_alone(page: Page) -> None:
    for ui in ("en", "zh"):
        page.goto(f"/?q=mask+掩码&kind=video&ui={ui}")
        for language in ("en", "zh"):
            faces = page.locator(f".quote[lang={language}]").first.evaluate(_FACES)
            assert (faces.index("Georgia") < faces.index("Noto Serif CJK")) == (language == "en"), faces


def test_two_languages_dont_touch_on_a_phone_and_what_is_pressed_is_not_printed(
    browser: Browser, in_two_languages: str
) -> None:
    with opened(browser, in_two_languages, viewport={"width": 390, "height": 780}) as page:
        page.goto("/resource/ddddddddddd?language=en&beside=zh-TW")
        own, other = (page.locator(f".paragraph .said{kind}").first.bounding_box() for kind in ("", ".other"))
        assert own and other
        assert other["x"] - own["x"] - own["width"] >= 10
        page.set_viewport_size({"width": 790, "height": 1100})
        page.emulate_media(media="print")
        for path in ("/resource/ddddddddddd?t=40", "/?q=mask&play=ddddddddddd&t=20", "/kept"):
            page.goto(path)
            pressed = ("nav", ".find", ".controls", ".own-player", "#player", ".following", ".collections", ".foot")
            for selector in pressed:
                assert page.locator(f"{selector}:not(.chapters):visible").count() == 0, f"{selector} at {path}"
            assert page.evaluate("getComputedStyle(document.body).paddingBottom") == "0px"
            assert page.locator("main").is_visible()


def test_nothing_moves_when_an_answer_loads_and_when_the_player_opens(
    browser: Browser, address: str, recorded: str
) -> None:
    for base, kind, width in ((address, "youtube", 1280), (address, "youtube", 390), (recorded, "audio", 390)):
        with opened(browser, base, viewport={"width": width, "height": 800}) as page:
            page.goto("/?q=attention")
            page.evaluate(_SHIFTS)
            page.locator(f".go[data-play={kind}]").first.click()
            page.locator(".player-transcript .cue.here").wait_for()
            settled(page)
            assert page.evaluate("shifts") == []
            page.goto("/?q=attention")
            stands = page.evaluate(_PLACE)
            page.evaluate("document.getElementById('beside').remove()")
            assert page.evaluate(_PLACE) == stands, "before the player's place is loaded"


@pytest.mark.parametrize(("locale", "typed", "width"), [("en-GB", "mask", 1280), ("zh-CN", "掩码", 360)])
def test_nothing_moves_while_someone_types_and_suggestions_cover_no_answer(
    browser: Browser, address: str, locale: str, typed: str, width: int
) -> None:
    with opened(browser, address, locale=locale, viewport={"width": width, "height": 800}) as page:
        page.goto("/")
        page.evaluate(_SHIFTS)
        box = page.locator(".box").bounding_box()
        page.locator("#q").press_sequentially(typed)
        page.locator(".moment").first.wait_for()
        page.locator("#suggestions [role=option]").first.wait_for()
        assert page.evaluate(_TOP_AND_BOTTOM, "#suggestions")[1] <= page.evaluate(_TOP_AND_BOTTOM, ".verdict")[0]
        page.locator("#suggestions").evaluate("(list) => { list.innerHTML = list.innerHTML.repeat(9) }")
        assert page.evaluate(_TOP_AND_BOTTOM, "#suggestions")[1] <= page.evaluate(_TOP_AND_BOTTOM, ".verdict")[0]
        page.keyboard.press("Enter")
        page.locator(".of-words").wait_for(state="attached")  # which a question that is half typed doesn't have
        settled(page)
        assert page.locator(".box").bounding_box() == box
        assert set(page.evaluate("shifts")) <= {"NAV", "FOOTER"}, "what is below the answer"


def test_filters_fold_on_a_phone_and_the_tagline_stands_above_the_box_elsewhere(browser: Browser, address: str) -> None:
    for ui, width in ((ui, width) for ui in ("en", "zh") for width in (390, 1400)):
        with opened(browser, address, viewport={"width": width, "height": 844}) as page:
            page.goto(f"/?ui={ui}")
            tagline, box = (
                page.locator(each).bounding_box() for each in ("h1" if width == 1400 else "p.tagline", ".box")
            )
            assert tagline and box and (tagline["y"] < box["y"]) == (width == 1400)
            assert page.locator("[name=kind]").is_visible() == (width == 1400)
            page.goto("/?q=mask")
            if width == 390:
                page.locator(".folding summary").press("Enter")
                page.select_option("[name=kind]", "video")
                page.wait_for_url("**kind=video*")
                page.reload()
            assert page.locator("[name=kind]").is_visible(), "a filter that is set is seen"
            assert page.evaluate(_TOP_AND_BOTTOM, ".verdict")[0] - page.evaluate(_TOP_AND_BOTTOM, ".marks")[1] >= 14
            assert width == 1400 or axe_faults(page, SCHEMES[:1]) == []


def test_the_controls_of_a_video_stand_beside_it_and_below_it_on_a_phone(page: Page) -> None:
    for width, is_beside in ((1280, True), (360, False)):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto("/resource/aaaaaaaaaaa?t=40")
        page.locator(".own-player .controls").wait_for()
        heading, screen, controls = (
            page.locator(each).bounding_box() for each in ("h1", ".own-player .screen", ".own-player .controls")
        )
        assert heading and screen and controls
        assert screen["x"] == heading["x"], "it begins where the text does"
        assert (controls["x"] >= screen["x"] + screen["width"]) == is_beside
        assert (controls["y"] >= screen["y"] + screen["height"]) != is_beside
        assert page.evaluate(_WIDTH) == width


def test_before_anything_plays_the_first_moment_that_does_stands_beside_the_answer(page: Page) -> None:
    page.goto("/?q=what+does+softmax+make")
    for question in ("mask", "掩码"):
        page.fill("#q", question)
        page.keyboard.press("Enter")
        until(page, f"new URLSearchParams(location.search).get('q') === '{question}'")
        first = "document.querySelector('.moment .go[data-play]')"
        until(page, f"document.querySelector('.offer .poster')?.href === {first}.href")
    page.locator(".offer .poster").click()
    page.locator("#player iframe").wait_for()
    assert page.locator(".offer").is_hidden()
    page.keyboard.press("Escape")
    page.locator(".offer .poster").wait_for()


@pytest.mark.parametrize(
    ("locale", "sizes", "schemes"),
    [
        ("en-GB", [(1280, 800), (360, 720)], SCHEMES),
        ("zh-CN", [(360, 720)], SCHEMES[:1]),
        pytest.param("zh-CN", [(1280, 800), (768, 1024), (360, 720)], SCHEMES, marks=pytest.mark.nightly),
    ],
)
def test_axe_finds_no_fault(
    browser: Browser,
    in_two_languages: str,
    locale: str,
    sizes: Sequence[tuple[int, int]],
    schemes: Sequence[Literal["light", "dark"]],
) -> None:
    plays = "/?q=mask&kind=video&play=ddddddddddd&t=20"
    with opened(browser, in_two_languages, may_refuse=True, locale=locale) as page:
        for path, clicked, awaited in (
            ("/", ".keys-open", "#keys"),
            ("/?q=mask&k=8", ".around summary", ".around[open]"),
            ("/?q=mask&like=ddddddddddd&at=20&said=a+mask", "", ".chip"),
            (plays, "", "#player .poster"),
            (plays, "#player .poster, .both input", ".player-transcript .other .cue.here"),
            (plays, "#player .poster", "#player .trouble a"),
            ("/list?q=mask", "", "main"),
            ("/resource/ddddddddddd?q=mask&t=40", "", ".found"),
            ("/resource/ddddddddddd?t=40&language=en&beside=zh-TW&find=a", "", "[data-step='1']:enabled"),
            ("/resource/none", "", "main"),
        ):
            without_others(page, in_two_languages, player_with(150 if "trouble" in awaited else 0))
            page.goto(path)
            for selector in filter(None, clicked.split(", ")):
                page.locator(selector).first.click()
                for further in page.locator(selector).all()[1:]:
                    further.click()
            page.locator(awaited).first.wait_for()
            for width, height in sizes:
                page.set_viewport_size({"width": width, "height": height})
                shown = schemes if (width, height) == sizes[-1] else SCHEMES[:1]
                assert axe_faults(page, shown) == [], f"{path}, {awaited}, {width} pixels"


def test_words_of_a_library_run_nothing(hostile: Path, browser: Browser) -> None:
    with served(hostile) as address, browser.new_context(base_url=address) as context:
        page = context.new_page()
        result: list[str] = []

        def note(dialog: Dialog) -> None:
            result.append(dialog.message)
            dialog.dismiss()

        page.on("dialog", note)
        asked = without_others(page, address)
        for path in ("/list?q=mask", "/resource/scripted001", "/resource/breaking?q=mask", "/?q=attention&k=20"):
            page.goto(path)
            for summary in page.locator("summary:visible").all():
                summary.click()
        page.evaluate("document.querySelectorAll('.go[data-play=youtube]').forEach((link) => link.click())")
        page.locator("#player .player-title").get_by_text("<script>").wait_for()
        assert result == []
        assert all(url.startswith("https://www.youtube-nocookie.com/embed/scripted001?") for url in asked)


def test_only_a_person_asks(talks: Path, browser: Browser, httpserver: HTTPServer) -> None:
    encoder = CountingEncoder()
    with served(talks, encoder=encoder) as own, browser.new_context() as context:
        attack = ATTACK.replace("OWN", own)
        httpserver.expect_request("/").respond_with_data(attack, content_type="text/html")
        page = context.new_page()
        page.goto(httpserver.url_for("/"))
        page.wait_for_selector("body[data-ready]")
        page.wait_for_load_state("networkidle")
        page.evaluate("document.getElementById('form').submit()")
        page.wait_for_url(f"{own}/api/ask?q=form")
        assert "another site" in page.content()
        page.goto(httpserver.url_for("/"))
        page.click("#link")
        page.wait_for_url(f"{own}/?q=*")
        assert page.input_value("#q") == "a mask?"
        assert "press Enter" in page.inner_text("#results [role=status]")
        page.reload()
        assert encoder.asked == []
        page.press("#q", "Enter")
        until(page, "document.querySelectorAll('.moment').length > 0")
        page.goto(f"{own}/?q=cache")  # as typed, or from a bookmark
        assert page.query_selector(".moment")
        assert encoder.asked == ["a mask", "cache"]


ATTACK = """<!doctype html><title>another site</title>
<a id="link" href="OWN/?q=a+mask?">a link</a>
<img src="OWN/?q=image"><iframe src="OWN/?q=frame"></iframe><script src="OWN/api/ask?q=script"></script>
<object data="OWN/list?q=object"></object><video src="OWN/api/ask?q=video"></video>
<link rel="stylesheet" href="OWN/api/ask?q=style"><link rel="prefetch" href="OWN/?q=prefetch">
<form id="form" action="OWN/api/ask"><input name="q" value="form"></form>
<script>
Promise.allSettled([
  fetch("OWN/api/ask?q=fetched", {mode: "no-cors"}), fetch("OWN/?q=read"),
  fetch("OWN/?q=without", {mode: "no-cors", referrerPolicy: "no-referrer"}),
]).then(() => document.body.dataset.ready = "")
</script>"""


_IN_VIEW = """(start) => {
    const box = document.querySelector(`#transcript .cue[data-start='${start}']`).getBoundingClientRect()
    return box.top > 0 && box.bottom < innerHeight
}"""


_HAS_CUE_IN_VIEW = """(() => {
    const cue = document.querySelector('.player-transcript .cue.here').getBoundingClientRect()
    const box = document.querySelector('.player-transcript').getBoundingClientRect()
    return cue.top >= box.top - 1 && cue.bottom <= box.bottom + 1
})()"""


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server of a video in two languages, whose transcript is longer than a window; a mask is at its end."""
    english = [*["We go on with the talk."] * 60, "A mask hides the future.", "Softmax makes shares."]
    chinese = [*["我们接着往下讲。"] * 60, "掩码把未来藏起来。", "归一化得到份额。"]
    folder = tmp_path_factory.mktemp("long")
    with served(captioned(folder, 20, ggggggggggg_en=english, ggggggggggg_zh=chinese)) as result:
        yield result


@pytest.fixture
def long_page(browser: Browser, long: str) -> Iterator[Page]:
    with opened(browser, long) as page:
        yield page


def given(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.evaluate("location.href")).query)


def test_a_moment_plays_in_view_and_the_languages_stay_chosen(long_page: Page) -> None:
    page, language, other = long_page, "zh", "en"
    page.goto(f"/resource/ggggggggggg?language={language}&q=掩码")
    page.locator(".found .cue-link[data-start='1200.0']").click()
    page.frame_locator(".own-player iframe").locator("body", has_text='"time":1200').wait_for()
    until(page, f"({_IN_VIEW})('1200.0')")
    assert page.evaluate("location.hash") == "#c60"
    asked = {"language": [language], "q": ["掩码"], "t": ["1200"]}
    assert given(page) == asked
    page.locator("a.both").click()
    page.locator("#transcript.with-other").wait_for()
    assert given(page) == {**asked, "beside": [other]}
    assert page.locator("form.find [name=beside]").input_value() == other, "finding keeps both languages too"
    page.fill(".resource #q", "mask")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    found = page.locator(".found .cue-link [lang]")
    found.first.wait_for()
    assert page.locator(f"#transcript[lang={language}].with-other").count() == 1, "asking keeps both languages"
    assert {each.get_attribute("lang") for each in found.all()} == {language}, "it is asked in the language shown"

    page.goto(f"/resource/ggggggggggg?language={language}")
    link = f"<a class='cue-link' href='/resource/ggggggggggg?language={other}&t=1200#c60' data-start='1200'>x</a>"
    page.locator("main").evaluate("(main, link) => main.insertAdjacentHTML('afterbegin', link)", link)
    page.locator("a.cue-link", has_text="x").click()
    page.locator(f"#transcript[lang={other}]").wait_for()
    until(page, f"({_IN_VIEW})('1200.0')")

    page.goto(f"/resource/ggggggggggg?language={language}&t=1200")
    until(page, f"({_IN_VIEW})('1200.0')")


def test_the_language_of_the_page_is_chosen_for_the_second_that_plays(long_page: Page) -> None:
    page = long_page
    for path, player, start, step, reached, shown in (
        ("/resource/ggggggggggg?language=en&t=40", ".own-player", 40, "forward", 50, "0:50"),
        ("/?q=mask&ui=en&play=ggggggggggg&t=1200", "#player", 1200, "back", 1190, "19:50"),
    ):
        page.goto(path)
        page.locator(f"{player} .poster").click()
        body = page.frame_locator(f"{player} iframe").locator("body")
        body.get_by_text(f'"time":{start}').wait_for()
        if player == "#player":
            page.locator(".player-transcript .cue.here[data-start='1200.0']").wait_for()
            until(page, _HAS_CUE_IN_VIEW)
        page.locator(f"{player} [data-do={step}]").click()
        body.get_by_text(f'"time":{reached}').wait_for()
        page.get_by_role("link", name="简体中文").click()
        page.get_by_role("link", name=f"从 {shown} 播放").wait_for()
        assert given(page)["t"] == [str(reached)]


def test_both_languages_keep_the_question_and_what_was_found(long_page: Page) -> None:
    page = long_page
    page.goto("/resource/ggggggggggg?language=en&q=mask&find=talk&place=7&t=40")
    page.locator(".find .count", has_text="7 of 60").wait_for()
    page.locator("a.both").click()
    page.locator("#transcript.with-other").wait_for()
    page.locator(".find .count", has_text="7 of 60").wait_for()
    wanted = {"language": ["en"], "q": ["mask"], "find": ["talk"], "place": ["7"], "t": ["40"], "beside": ["zh"]}
    assert given(page) == wanted
    assert page.evaluate("CSS.highlights.get('places').size") == 60
    assert page.locator("mark.place").count() == 0
    page.locator("a.both").click()
    page.locator("#transcript:not(.with-other)").wait_for()
    assert "beside" not in given(page)


def test_a_phrase_is_found_counted_and_stepped_through(browser: Browser, in_two_languages: str) -> None:
    with opened(browser, in_two_languages) as page:
        count, box = page.locator(".find .count"), page.locator("#find")
        places, place = "CSS.highlights.get('places').size", "[...CSS.highlights.get('place')].join('|').toLowerCase()"
        for language, phrase, said, again, current in (
            ("en", "MASK", "mask", "causal mask", "causal"),
            ("zh", "掩码", "掩碼", "因果掩码", "因果"),
        ):
            page.goto(f"/resource/ddddddddddd?language={language}")
            names = {"en": "Find in English", "zh": "Find in Chinese"}
            assert box.get_attribute("placeholder") == names[language], "it's the one that is looked through"
            box.fill(phrase)
            count.get_by_text("1 of 3").wait_for()
            assert (page.evaluate(places), page.evaluate(place)) == (3, said)
            for key, shown in (("Enter", 2), ("Shift+Enter", 1), ("Shift+Enter", 3)):
                box.press(key)
                count.get_by_text(f"{shown} of 3").wait_for()
            for step, shown in ((1, 1), (-1, 3)):
                page.locator(f"[data-step='{step}']").click()
                count.get_by_text(f"{shown} of 3").wait_for()
            box.fill(again)  # it goes over the end of a caption
            count.get_by_text("1 of 1").wait_for()
            assert current in page.evaluate(place)
            box.fill("no such words")
            count.get_by_text("Not found").wait_for()
            assert page.evaluate(places) == 0
        box.fill("mask")
        page.locator(".find .elsewhere").get_by_text("3 in English").click()
        page.wait_for_url("**language=en**")
        page.wait_for_function("CSS.highlights.get('place')?.size")
        assert (page.evaluate(places), page.evaluate(place), count.text_content()) == (3, "mask", "1 of 3")


_PLACEHOLDER = """(box) => {
    const style = getComputedStyle(box), context = document.createElement("canvas").getContext("2d")
    context.font = `${getComputedStyle(box, "::placeholder").fontSize} ${style.fontFamily}`
    const room = box.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight)
    return [context.measureText(box.placeholder).width, room]
}"""


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_the_question_box_of_a_phone_shows_its_placeholder_whole(browser: Browser, address: str, locale: str) -> None:
    with opened(browser, address, locale=locale, viewport={"width": 360, "height": 800}) as page:
        for path in ("/", "/list", "/resource/aaaaaaaaaaa"):
            page.goto(path)
            width, room = page.locator("#q").evaluate(_PLACEHOLDER)
            assert 0 < width <= room, path


_MIDDLE_OF_PLACE = """(() => {
    const box = [...CSS.highlights.get('place')][0].getBoundingClientRect()
    return (box.top + box.bottom) / 2 / innerHeight
})()"""


def test_the_place_that_is_found_stands_in_the_middle(browser: Browser, tmp_path: Path) -> None:
    english = ["We go on with the talk, and say at length why nothing else is said. " * 6] * 90
    chinese = ["我们接着往下讲，也细细地说为什么别的都不说。" * 8] * 90
    english, chinese = (
        [*others, said, *others, said, *others[:20]]
        for others, said in ((english, "A mask hides it."), (chinese, "掩码把它藏起来。"))
    )
    library = captioned(tmp_path, 9, hhhhhhhhhhh_en=english, hhhhhhhhhhh_zh=chinese)
    with served(library) as address:
        for width, language, phrase in ((1280, "en", "mask"), (390, "zh", "掩码")):
            path = f"/resource/hhhhhhhhhhh?ui=en&language={language}"
            with opened(browser, address, viewport={"width": width, "height": 844}) as page:
                count = page.locator(".find .count")
                page.goto(f"{path}&find={phrase}")
                for shown in ("1 of 2", "2 of 2", "typed"):
                    if shown == "typed":
                        page.goto(path)
                        page.locator("#find").fill(phrase)
                    count.get_by_text("1 of 2" if shown == "typed" else shown).wait_for()
                    until(page, "CSS.highlights.get('place')?.size")
                    until(page, f"Math.abs({_MIDDLE_OF_PLACE} - 0.5) < 0.05")
                    page.locator("#find").press("Enter")


@needs_shared
def test_a_lecture_of_two_hours_is_small_on_the_wire_and_finding_in_it_is_fast(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("lecture")
    for file in (SHARED / "captions").glob("*CbIPjrOj2Tc*.vtt"):
        shutil.copy(file, folder)
    seekpoint.build(folder, folder / "library", encoder=TopicEncoder(), translate=False)
    with served(folder / "library") as address, opened(browser, address) as page:
        zipped = {"Accept-Encoding": "gzip"}
        with httpx2.stream("GET", f"{address}/resource/CbIPjrOj2Tc", headers=zipped) as response:
            body = b"".join(response.iter_raw())
        assert "</html>" in gzip.decompress(body).decode()
        assert len(body) < 150_000
        page.goto("/resource/CbIPjrOj2Tc")
        until(page, "!document.querySelector('.find [data-step]').hidden")
        page.locator("#find").fill("语音")
        started = time.perf_counter()
        page.locator(".find .count", has_text=" of ").wait_for()
        found, limit = time.perf_counter() - started, 15.0  # some tenths of a second on a machine that is idle
        assert page.evaluate("CSS.highlights.get('places').size") > 100
        assert found < limit
