"""The texts in the program's source, with which documents and translations are compared."""

from __future__ import annotations

import ast
import re
from functools import cache

from seekpoint.index.reasons import catalogue
from tests.paths import ROOT

HOLE = "…"
"""What stands for a value that is filled in."""


@cache
def source_texts() -> tuple[str, ...]:
    """Every text in the source, with a hole for each value that is filled in."""
    found: list[str] = []
    for path in (ROOT / "seekpoint").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                found.append("".join(part.value if _is_text(part) else HOLE for part in node.values))  # type: ignore[attr-defined]
            elif _is_text(node):
                found.append(node.value)  # type: ignore[attr-defined]
    for texts in catalogue().values():
        found.append(re.sub(r"\{\w+\}", HOLE, ": ".join(texts["en"])))
    return tuple(found)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
