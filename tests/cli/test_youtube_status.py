"""`seekpoint status --youtube` tells a block from captions that need a token, and both from what yt-dlp lacks."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.cli.here import Ran, call, one_line
from tests.fake_youtube import FakeYouTube
from tests.speech import sound_format

VIDEO = "wjZofJX0v4M"
LINES = {"a.en": [(0.0, 4.0, "attention weighs the words")], "zh": [(0.0, 2.0, "注意力")]}
APPLE = "VISIONOS"
TOKEN_WANTED = "YouTube wants a token for them, which yt-dlp may get"
NO_TOKEN = "install a token provider for yt-dlp"
FIRST, SECOND = ["watch", "player"], ["watch", "player", "captions"]

Prepare: TypeAlias = Callable[[FakeYouTube], object]


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """yt-dlp's, without a JavaScript runtime, whatever is installed here."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    file = tmp_path / "yt-dlp" / "config"
    file.parent.mkdir()
    file.write_text("--no-js-runtimes\n")
    return file


def told(ran: Ran) -> dict[str, tuple[str, str]]:
    """The findings by name, each with its mark and its text."""
    assert ran.stderr == "" and ran.exit_code in (0, 1), ran
    *lines, last = ran.stdout.splitlines()
    gets = "captions" if ran.exit_code == 0 else "no captions"
    assert last == f"A build gets {gets} of https://www.youtube.com/watch?v={VIDEO}"
    return {line[4:15].strip(): (line[:4].strip(), line[15:]) for line in lines}


def test_all_that_answers_is_told(fake: FakeYouTube) -> None:
    player = fake.add_video(VIDEO, "注意力\u202e", LINES)
    fake.set_player(VIDEO, player | {"streamingData": {"adaptiveFormats": [sound_format(139, 1000)]}}, APPLE)
    assert told(call("status", "--youtube", web=fake.web())) == {
        "page": ("yes", "注意力"),
        "tracks": ("yes", "2: zh, en"),
        "captions": ("yes", "1 cue in en"),
        "yt-dlp": ("yes", "captions: 1 cue in en"),
        "sound": ("yes", "offered, for --transcribe"),
        "JavaScript": ("no", 'yt-dlp finds no runtime, and gets less sound: pip install "seekpoint[youtube]"'),
        "way out": ("", "neither cookies nor a proxy"),
    }
    assert fake.requests == [(place, VIDEO) for place in (*SECOND, *SECOND)]


# What fails, what yt-dlp says, and the places that were asked.
FAILURES: dict[str, tuple[Prepare, str, str, str, list[str]]] = {
    "blocked": (lambda fake: fake.make_blocked(VIDEO), "page", "--proxy URL", "not asked", FIRST),
    "too many requests": (lambda fake: fake.fail(VIDEO, status=429), "page", "--cookies FILE", "not asked", ["watch"]),
    "offline": (lambda fake: fake.fail(VIDEO, status=0), "page", "check the network", "not asked", 3 * ["watch"]),
    "no captions": (lambda fake: fake.make_disabled(VIDEO), "tracks", "has no transcript", "not asked", FIRST),
    "empty page": (lambda fake: fake.fail(VIDEO, "player", 200), "page", "empty answer", "empty answer", []),
}


def withhold(fake: FakeYouTube) -> None:
    fake.add_video(VIDEO, tracks=LINES, needs_token=True)


def empty(fake: FakeYouTube) -> None:
    fake.add_video(VIDEO, tracks=LINES)
    fake.fail(VIDEO, "captions", 200, "")


FAILURES |= {
    "a token is wanted": (withhold, "captions", TOKEN_WANTED, NO_TOKEN, [*FIRST, *FIRST]),
    "the text is empty": (empty, "captions", TOKEN_WANTED, NO_TOKEN, [*SECOND, "captions", *SECOND, "captions"]),
}


@pytest.mark.parametrize("name", FAILURES)
def test_what_fails_is_told_with_its_remedy_and_nothing_is_asked_after_a_block(name: str, fake: FakeYouTube) -> None:
    prepare, step, words, of_ytdlp, places = FAILURES[name]
    prepare(fake)
    ran = call("status", "--youtube", web=fake.web())
    findings = told(ran)
    assert ran.exit_code == 1 and findings[step][0] == "no" and words in findings[step][1]
    assert of_ytdlp in findings["yt-dlp"][1] and findings["yt-dlp"][0] == ("" if of_ytdlp == "not asked" else "no")
    steps = ["page", "tracks", "captions"]
    assert [each for each in steps if each in findings] == steps[: steps.index(step) + 1]
    assert all(findings[each][0] == "yes" for each in steps[: steps.index(step)])
    assert not places or fake.places == places


def test_captions_that_yt_dlp_alone_can_have_are_captions(fake: FakeYouTube) -> None:
    withhold(fake)
    fake.add_video(VIDEO, tracks=LINES, client=APPLE)
    ran = call("status", "--youtube", f"https://youtu.be/{VIDEO}?t=3", web=fake.web())
    findings = told(ran)
    assert (ran.exit_code, findings["captions"], findings["yt-dlp"][0]) == (0, ("no", TOKEN_WANTED), "yes")


@pytest.mark.skipif(os.name != "posix", reason="the stand-in for deno is a script of Unix")
def test_the_javascript_runtime_that_yt_dlp_finds_is_told(
    fake: FakeYouTube, configuration: Path, tmp_path: Path
) -> None:
    deno = tmp_path / "deno"
    deno.write_text("#!/bin/sh\necho 'deno 2.9.1 (stable, release)'\n")
    deno.chmod(0o755)
    fake.make_blocked(VIDEO)
    configuration.write_text(f"--js-runtimes deno:{deno}\n")
    assert told(call("status", "--youtube", web=fake.web()))["JavaScript"] == ("yes", "deno 2.9.1, with yt-dlp-ejs")
    configuration.write_text("--no-such-option\n")
    mark, text = told(call("status", "--youtube", web=fake.web()))["JavaScript"]
    assert mark == "no" and "correct that file" in text


def test_the_way_out_is_told(fake: FakeYouTube, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.make_blocked(VIDEO)
    jar = tmp_path / "cookies.txt"
    jar.write_text("# Netscape HTTP Cookie File\n.youtube.com\tTRUE\t/\tTRUE\t2000000000\tSID\tsecret\n")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    ran = call("status", "--youtube", web=fake.web(cookies=jar))
    assert told(ran)["way out"] == ("", "cookies and a proxy") and "secret" not in ran.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--youtube", "https://e.org/talk"], "is no video of YouTube"),
        (["--youtube", "https://www.youtube.com/playlist?list=PLabc"], "is no video of YouTube"),
        (["--youtube", "--check"], "these with it alone"),
        (["--youtube", "--json"], "these with it alone"),
        (["--proxy", "http://localhost:8080"], "--youtube goes with"),
        (["--youtube", "--proxy", "nonsense"], "http://HOST:PORT"),
    ],
)
def test_options_that_do_not_go_together_are_refused(arguments: list[str], words: str) -> None:
    one_line(call("status", *arguments), words, exit_code=2)
