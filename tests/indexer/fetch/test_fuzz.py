"""Damaged answers and rules."""

from __future__ import annotations

from pathlib import Path
from time import thread_time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seekpoint.index.errors import Unfetched, UsageError
from seekpoint.indexer.fetch.fetcher import Robots
from seekpoint.indexer.fetch.http_session import youtube_cookies
from tests import fuzzing
from tests.fuzzing import is_line

COOKIES = """# Netscape HTTP Cookie File
.youtube.com\tTRUE\t/\tTRUE\t4000000000\tSID\tsecret
#HttpOnly_.youtube.com\tTRUE\t/\tFALSE\t0\tPREF\t值
.example.org\tTRUE\t/\tFALSE\t0\ta\tb
"""
RULES = st.sampled_from(
    "User-agent: |Seekpoint|*|Disallow: |Allow: |/|/a*b$|Crawl-delay: |5|-1|nan|1e999".split("|")  # noqa: SIM905
)
ADDRESS = "https://example.org/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/讲座?q=%ff"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cookies") / "cookies.txt"


@given(st.binary() | fuzzing.encoded(fuzzing.mutated(st.just(COOKIES)) | fuzzing.texts))
@example(COOKIES.replace("\tTRUE", "\tFALSE", 1).encode())
@fuzzing.fuzz(100)
def test_any_file_has_cookies_that_can_be_sent_or_is_refused_in_a_line(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    try:
        cookies = youtube_cookies(file)
    except UsageError as error:
        assert is_line(str(error))
        assert "secret" not in str(error)
        return
    assert cookies
    assert all(f".{cookie.domain}".endswith(".youtube.com") for cookie in cookies)
    assert all("\r" not in f"{cookie.name}{cookie.value}" for cookie in cookies)
    assert file.read_bytes() == data


@given(fuzzing.encoded(st.lists(RULES | st.just("\n") | fuzzing.pieces, max_size=20).map("".join)) | st.binary())
@example(b"User-agent: *\nCrawl-delay: nan\n")
@example(b"User-agent: *\nCrawl-delay: -5\n")
@example(b"User-agent: *\nCrawl-delay: 1e999\n")
@example(b"User-agent: *\nDisallow: /" + b"*a" * 5000 + b"b\n")
@fuzzing.fuzz(100)
def test_any_robots_txt_allows_or_not_and_delays_for_a_while_at_most(data: bytes) -> None:
    began = thread_time()
    try:
        delay = Robots(lambda url, private: data).check(ADDRESS)
    except Unfetched as failure:
        assert is_line(failure.reason)
    else:
        assert 0 <= delay <= 30
    assert thread_time() - began < 5
