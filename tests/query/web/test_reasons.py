"""Reasons in the page's language: the catalogue, and what is found in it."""

from __future__ import annotations

import re
import tomllib

import pytest
from starlette.testclient import TestClient

from seekpoint.query.web.translations import translated_reason
from tests.paths import ROOT
from tests.source_texts import HOLE, source_texts

CATALOGUE = tomllib.loads((ROOT / "seekpoint/query/web/words/reasons.zh.toml").read_text("utf-8"))


@pytest.mark.parametrize("template", CATALOGUE)
def test_every_template_is_the_programs(template: str) -> None:
    # The program puts some together: a status, and a remedy that many share.
    for part in re.split(rf"{HOLE}|, or |, |; | \(", template):
        assert any(part.strip(" )") in text for text in source_texts()), part


@pytest.mark.parametrize("template", CATALOGUE)
def test_every_translation_has_the_values_of_its_template(template: str) -> None:
    values = [f"值{number}" for number in range(template.count(HOLE))]
    filled = CATALOGUE[template].format(*values)
    assert all(value in filled for value in values) and not set("{}") & set(filled)


@pytest.mark.parametrize(
    ("reason", "translated"),
    [
        ("nothing is there (HTTP 404): check the address", "那里什么也没有（HTTP 404）：请检查地址"),
        (
            "its robots.txt can't be read just now: example.org did not answer in time",
            "现在读不到它的 robots.txt：example.org 没有及时回应",
        ),
        (
            "there is no file /home/a: b.md: correct the list or put it there",
            "没有文件 /home/a: b.md：请改正清单，或者把文件放到那里",
        ),
        ("YouTube says: {0} in your country", "YouTube 的说法：{0} in your country"),
        ("nothing is there (HTTP 404): ask somebody", None),
        ("words of another program", None),
        ("YouTube says: " + "a: " * 1000, None),
    ],
)
def test_a_reason_is_translated_as_a_whole_or_as_cause_and_remedy(reason: str, translated: str | None) -> None:
    assert translated_reason(reason, "zh") == translated
    assert translated_reason(reason, "en") is None


@pytest.mark.parametrize("address", ["/list", "/resource/ccccccccccc"])
def test_the_list_and_a_resource_say_the_reason_in_the_pages_language(client: TestClient, address: str) -> None:
    chinese = client.get(address, headers={"Accept-Language": "zh"}).text
    assert "<span>YouTube 没有它的字幕</span>" in chinese
    english = client.get(address, headers={"Accept-Language": "en"}).text
    assert '<span lang="en">YouTube has no transcript of it</span>' in english
