r"""Formulas in pages, as `\(TeX\)`, whichever of KaTeX, MathJax and MathML renders them."""

from __future__ import annotations

import re
from typing import Any

_RENDERED = frozenset({"katex", "katex-display", "mwe-math-element"})
_MATHJAX = frozenset({"MathJax", "MathJax_Display", "MathJax_CHTML", "MathJax_SVG", "MathJax_SVG_Display"})
_DISPLAY_STYLE = re.compile(r"\{\\(?:display|text)style\s*(.*)\}", re.DOTALL)


def formula(element: Any) -> str | None:  # noqa: ANN401  lxml has no types
    r"""The text of a formula as `\(TeX\)`, empty for a duplicate rendering; `None` for any other element."""
    classes = element.get("class", "").split()
    if element.tag == "script":
        return _delimited(element.text) if element.get("type", "").startswith("math/tex") else None
    if not _MATHJAX.isdisjoint(classes):
        return "" if _source_follows(element) else None
    if element.tag in ("math", "mjx-container") or not _RENDERED.isdisjoint(classes):
        return _delimited(_tex(element) or _symbols(element))
    return None


def _delimited(tex: str | None) -> str:
    tex = (tex or "").strip().replace("%\n", "\n")
    if whole := _DISPLAY_STYLE.fullmatch(tex):
        tex = whole[1].strip()
    return rf"\({tex}\)" if tex else ""


def _tex(element: Any) -> str | None:  # noqa: ANN401
    for inner in element.iter("annotation", "math", "img"):
        if inner.tag == "annotation" and "tex" in inner.get("encoding", "").lower():
            return "".join(inner.itertext())
        if stated := inner.get("alttext") or inner.get("alt"):
            return str(stated)
    return None


def _symbols(element: Any) -> str:  # noqa: ANN401
    math = next(element.iter("math"), element)
    notes = set(math.iter("annotation", "annotation-xml"))
    return " ".join(inner.text.strip() for inner in math.iter() if inner.text and inner not in notes).strip()


def _source_follows(element: Any) -> bool:  # noqa: ANN401
    follower = element.getnext()
    return follower is not None and follower.tag == "script" and follower.get("type", "").startswith("math/tex")
