"""What a page of another site can do in a browser: nothing that takes the server's time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from pytest_httpserver import HTTPServer

from tests.query.serving.test_live_library import CountingEncoder
from tests.query.web.served import served, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.chromium

ATTACK = """<!doctype html><title>another site</title>
<a id="link" href="{own}/?q={q}">a link</a>
<img src="{own}/?q=image"><iframe src="{own}/?q=frame"></iframe><script src="{own}/api/ask?q=script"></script>
<object data="{own}/list?q=object"></object><video src="{own}/api/ask?q=video"></video>
<link rel="stylesheet" href="{own}/api/ask?q=style"><link rel="prefetch" href="{own}/?q=prefetch">
<form id="form" action="{own}/api/ask"><input name="q" value="form"></form>
<script>
Promise.allSettled([
  fetch("{own}/api/ask?q=fetched", {{mode: "no-cors"}}), fetch("{own}/?q=read"),
  fetch("{own}/?q=without", {{mode: "no-cors", referrerPolicy: "no-referrer"}}),
]).then(() => document.body.dataset.ready = "")
</script>"""


def test_only_a_person_asks(talks: Path, browser: Browser, httpserver: HTTPServer) -> None:
    encoder = CountingEncoder()
    with served(talks, encoder=encoder) as own, browser.new_context() as context:
        httpserver.expect_request("/").respond_with_data(
            ATTACK.format(own=own, q=quote("a mask?")), content_type="text/html"
        )
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
        assert encoder.asked == ["a mask?"]
        page.goto(f"{own}/?q=cache")  # as typed, or from a bookmark
        assert page.query_selector(".moment")
        assert encoder.asked == ["a mask?", "cache"]
