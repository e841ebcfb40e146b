"""Robots exclusion, with and without a robots.txt."""

from __future__ import annotations

import pytest

from seekpoint.index.errors import Unfetched
from seekpoint.index.types import State
from seekpoint.indexer.fetch.fetcher import Robots

PAGE = "https://pages.example/notes/attention"


def robots(text: str | bytes) -> Robots:
    data = text.encode() if isinstance(text, str) else text
    return Robots(lambda *_: data)


def allows(text: str | bytes, url: str = PAGE) -> bool:
    try:
        robots(text).check(url)
    except Unfetched as error:
        assert (error.state, error.retry_after) == (State.UNAVAILABLE, 30 * 24 * 3600.0)
        assert "robots.txt" in error.reason and "put the file on the list" in error.reason
        return False
    return True


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("", True),
        ("User-agent: *\nDisallow:", True),
        ("User-agent: *\nDisallow: /", False),
        ("User-agent: *\r\nDisallow: /notes/\r\n", False),
        ("User-agent: *\nDisallow: /note", False),
        ("User-agent: *\nDisallow: /other/", True),
        ("User-agent: *\nDisallow: /\nAllow: /notes/", True),
        ("User-agent: *\nDisallow: /*/att*$", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: Seekpoint\nDisallow: /other/", True),
        ("user-agent: seekpoint\nDisallow: /", False),
        ("User-agent: GPTBot\nUser-agent: CCBot\nDisallow: /", True),
        ("\ufeffUser-agent: *\nDisallow: /", False),
        ("<!doctype html><title>Not found 找不到</title>", True),
        (b"\xff\xfe\x00User-agent: *\nDisallow: /" + bytes(100), True),
        ("# 讲座\nUser-agent: *\nDisallow: /notes/ # 笔记", False),
    ],
)
def test_rules_for_all_programs_or_for_us_are_obeyed(text: str | bytes, allowed: bool) -> None:
    assert allows(text) is allowed


def test_paths_are_compared_however_they_are_spelled_up_to_half_a_megabyte() -> None:
    encoded = "https://pages.example/%E8%AE%B2%E5%BA%A7/1"
    assert not allows("User-agent: *\nDisallow: /讲座/", encoded)
    assert not allows("User-agent: *\nDisallow: /%e8%ae%b2%e5%ba%a7/", encoded)
    assert not allows("User-agent: *\nDisallow: /*?print=", "https://pages.example/a?print=1")
    assert allows("#" * 600_000 + "\nUser-agent: *\nDisallow: /")
    assert not allows("User-agent: *\nDisallow: /\n" + "Disallow: /a*b*c*d*e*f*g*h$\n" * 200_000)


def test_the_crawl_delay_is_capped() -> None:
    delays = {"12": 12, "0.5": 0.5, "3600": 30, "soon": 0, "-1": 0, "1e400": 0, "nan": 0}
    assert {value: robots(f"User-agent: *\nCrawl-delay: {value}").check(PAGE) for value in delays} == delays
    assert robots("").check(PAGE) == 0


def test_each_origin_is_fetched_once_without_credentials() -> None:
    asked = list[str]()

    def fetch(url: str, _private: bool) -> bytes:
        asked.append(url)
        return b""

    file = Robots(fetch)
    for url in (PAGE, f"{PAGE}/2", "http://pages.example/", "https://me:geheim@pages.example:8443/a?b#c"):
        file.check(url)
    assert asked == [
        "https://pages.example/robots.txt",
        "http://pages.example/robots.txt",
        "https://pages.example:8443/robots.txt",
    ]
