"""Reasons on the page and in the JSON, in their languages."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from seekpoint.index.open import open_writer
from seekpoint.index.reasons import Reason, catalogue
from seekpoint.index.types import Kind, Resource, ResourceStatus, State
from seekpoint.query.web.workspace import Outcome
from tests.fakes import TopicEncoder
from tests.query.web.conftest import serving

# Values whose letters aren't English.
REASONS = {
    code: Reason(code, **dict.fromkeys(re.findall(r"\{(\w+)\}", "".join(texts["en"])), "值"))
    for code, texts in catalogue().items()
}


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A page over a library with a resource for each reason."""
    library: Path = tmp_path_factory.mktemp("refused") / "library"
    with open_writer(library, TopicEncoder().card) as writer:
        writer.register("list.md", [Resource(code, Kind.PAGE, "页", f"https://a.org/{code}") for code in REASONS])
        for code, reason in REASONS.items():
            writer.set_state(code, State.UNAVAILABLE, reason=reason, inputs="by hand")
    with serving(library) as client:
        yield client


def test_the_page_says_reasons_and_remedies_in_its_language_alone(refused: TestClient) -> None:
    for language, (code, reason) in product(("en", "zh"), REASONS.items()):
        page = refused.get(f"/resource/{code}", headers={"Accept-Language": language}).text
        shown = re.search(r'<p class="verdict none">.*?</b>\s*<span[^>]*>(.*?)</span>', page, re.DOTALL)
        assert shown
        assert html.unescape(shown[1]) == reason.in_language(language)
    chinese = [reason.in_language("zh") for reason in REASONS.values()]
    assert not [text for text in chinese if re.search(r"[a-z]{2,} [a-z]+ [a-z]{2,}", text)], "English words in a row"
    for language in ("en", "zh"):
        listed = html.unescape(refused.get("/list", headers={"Accept-Language": language}).text)
        assert all(f">{reason.in_language(language)}</span>" in listed for reason in REASONS.values())


def test_the_json_has_the_english_text_and_the_code(refused: TestClient) -> None:
    resources = refused.get("/api/status").json()["resources"]
    assert {each["id"]: (each["reason"], each["reason_code"]) for each in resources} == {
        code: (str(reason), code) for code, reason in REASONS.items()
    }


def test_the_outcome_of_a_build_says_the_reason_and_its_language() -> None:
    def left(reason: Reason | None) -> object:
        status = ResourceStatus(Resource("x", Kind.PAGE, "页", "https://a.org"), State.UNAVAILABLE, reason)
        outcome = Outcome(1, 0, (status,)).in_words("zh")
        return outcome["left"]

    def entry(reason: str, language: str) -> list[dict[str, str]]:
        return [{"entry": "《页》：无法获取。", "reason": reason, "lang": language}]

    assert left(Reason("gone", status=410)) == entry("它已经没有了（HTTP 410）：请打听它的新地址", "zh-Hans")
    assert left(Reason.of("other words")) == entry("other words", "en")
    assert left(None) == entry("", "zh-Hans")
