"""Reasons: the catalogue of codes in both languages, and what libraries store of them."""

from __future__ import annotations

import ast
import copy
import json
import pickle
import re
from collections.abc import Iterator

import pytest

from seekpoint.index.reasons import Reason, catalogue, row_of
from tests.paths import ROOT

NESTED = Reason("robots_unreadable", reason=Reason("host_slow", host="例.org"))
SEVERAL = Reason("several", reasons=(Reason("captions_empty"), Reason("captions_too_deep")))


_MAKERS = ("Reason", "unavailable")


def names(parts: list[str]) -> set[str]:
    return {name for part in parts for name in re.findall(r"\{(\w+)\}", part)}


def reasons_in(source: str) -> Iterator[tuple[str, set[str]]]:
    """The codes of a module's reasons, with the names of their values."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _MAKERS:
            first = node.args[0]
            for code in (first.body, first.orelse) if isinstance(first, ast.IfExp) else (first,):
                if isinstance(code, ast.Constant):
                    yield str(code.value), {keyword.arg for keyword in node.keywords if keyword.arg}


def test_each_code_has_both_languages_and_the_same_values() -> None:
    for code, texts in catalogue().items():
        english, chinese = texts["en"], texts["zh"]
        assert names(english) == names(chinese), code
        assert all(english) and all(chinese) and len(english) <= 2, code
        if code not in ("other", "several"):
            assert any("一" <= letter <= "鿿" for letter in "".join(chinese)), code


def test_the_product_has_every_code_and_gives_each_the_values_of_its_text() -> None:
    sources = [path.read_text("utf-8") for path in (ROOT / "seekpoint").rglob("*.py")]
    assert [code for code in catalogue() if not any(f'"{code}"' in source for source in sources)] == []
    for source in sources:
        for code, values in reasons_in(source):
            assert code in catalogue() and values == names(catalogue()[code]["en"]), code


def test_a_reason_is_its_english_text_and_is_rendered_in_others() -> None:
    reason = Reason("file_missing", path="/家/a.md")
    assert reason == "there is no file /家/a.md: correct the list or put it there"
    assert reason.in_language("zh") == "没有文件 /家/a.md：请改正清单，或者把文件放到那里"
    assert reason.in_language("ru") == reason
    assert NESTED.in_language("zh") == "现在读不到它的 robots.txt：例.org 没有及时回应"
    assert SEVERAL.in_language("zh") == "文件是空的：请重新导出或下载；嵌套得太深：请重新导出或下载"


@pytest.mark.parametrize("reason", [NESTED, SEVERAL, Reason("youtube_says", text="{0} 不行"), Reason.of("自己的话")])
def test_a_stored_reason_and_its_copies_stay_what_they_are(reason: Reason) -> None:
    for same in (Reason.stored(reason.to_row()), copy.deepcopy(reason), pickle.loads(pickle.dumps(reason))):
        assert (same, same.code, same.values) == (reason, reason.code, reason.values)
    assert row_of(reason) == reason.to_row() and row_of(None) is None


def test_a_reason_of_a_later_version_is_shown_by_its_code() -> None:
    row = json.dumps({"code": "quantum_fault", "values": {"place": "月球"}})
    later = Reason.stored(row)
    assert later == "a reason of a later version of Seekpoint: quantum_fault (月球): update Seekpoint"
    assert later.in_language("zh") == "Seekpoint 更高版本的原因：quantum_fault（月球）：请更新 Seekpoint"
    assert json.loads(later.to_row()) == json.loads(row)


def test_a_row_that_a_stranger_wrote_is_shown_cleaned_and_short() -> None:
    for row, shown in (
        ("blocked 被擋", "blocked 被擋"),
        ('{"code": "gone", "values": {}}', "it is gone (HTTP …): ask for its new address"),
        (
            '{"code": "gone", "values": {"status": "\\u001b[31m4\\u202e"}}',
            "it is gone (HTTP 4): ask for its new address",
        ),
        *((text, text) for text in ('{"code": 7, "values": {}}', '{"code": "gone"}', '{"code": "gone", "values": []}')),
    ):
        assert Reason.stored(row) == shown
    deep = '{"code": "robots_unreadable", "values": {"reason": ' * 5000
    values = {f"v{number}": "字" * 1000 for number in range(1000)}
    wide = json.dumps({"code": "x" * 10_000, "values": values})
    assert len(Reason.stored(deep)) <= 600 and len(Reason.stored(wide)) < 13_000
