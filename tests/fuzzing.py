"""What a stranger may send: texts, JSON and damaged copies, for tests that try many of them."""

from __future__ import annotations

import codecs
import json

from hypothesis import settings
from hypothesis import strategies as st

SIGNS = "\n \t\r\0<>[]{}()&;:,.-0123456789apst\\\"'/=♪掌声\u200d\u202e\ufeff\U0001f3b5"
_SCALARS = (
    *("null", "true", "NaN", "Infinity", "-Infinity", "1e999", "-1e-999", "9" * 5000, "-1", "0.5", '""', '"讲座"'),
    *('"\\ud800"', '"\\u0000\\u001b[31m\\u202e"', '"a\\nb"', '"12:34"', '"nan"', '"2024-99-99"', "'", "{", "]"),
)
# Persian, Hindi and emoji are spelt with them.
_JOINERS = "\u200c\u200d"
_DEPTHS = st.sampled_from([3, 900, 10_000])

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
pieces = st.text(alphabet=SIGNS, max_size=12) | st.text(max_size=5)
texts = st.text() | st.text(alphabet=SIGNS)


def fuzz(examples: int) -> settings:
    """So many examples in every run, and as many as the profile says at night."""
    profile = settings()
    return settings(max_examples=examples if profile.derandomize else profile.max_examples)


@st.composite
def mutated(draw: st.DrawFn, originals: st.SearchStrategy[str]) -> str:
    """A text of which some parts are others, gone, or there three times."""
    text = draw(originals)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        stop = start + draw(st.integers(0, 40))
        text = text[:start] + draw(pieces | st.just(text[start:stop] * 3)) + text[stop:]
    return text


def json_texts(*keys: str) -> st.SearchStrategy[str]:
    """JSON as a text, with those keys: also too deep, cut off, with keys twice and numbers that no float holds."""
    names = st.sampled_from(keys) | st.text(max_size=3)
    values = st.recursive(
        st.sampled_from(_SCALARS) | st.text(max_size=8).map(json.dumps) | st.floats().map(json.dumps),
        lambda inner: st.lists(inner, max_size=3).map(lambda parts: f"[{','.join(parts)}]") | _objects(names, inner),
        max_leaves=12,
    )
    deep = st.tuples(st.sampled_from(["[", *(f'{{"{key}":' for key in keys)]), _DEPTHS).map(lambda one: one[0] * one[1])
    closed = deep.map(lambda text: text + "1" + "]" * text.count("[") + "}" * text.count("{"))
    whole = values | _objects(names, values) | deep | closed
    before, after = st.sampled_from(["", "\ufeff", " \n", "\0"]), st.sampled_from(["", "\0", ",", "\n{}"])
    return st.tuples(before, whole, after).map("".join)


def _objects(names: st.SearchStrategy[str], values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(names, values).map(lambda pair: f"{json.dumps(pair[0])}:{pair[1]}")
    return st.lists(pairs, max_size=4).map(lambda parts: f"{{{','.join(parts)}}}")


def encoded(originals: st.SearchStrategy[str]) -> st.SearchStrategy[bytes]:
    forms = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "gb18030"])
    whole = st.tuples(originals, forms).map(lambda one: one[0].encode(one[1], "replace"))
    return whole | originals.map(lambda text: codecs.BOM_UTF16_LE + text.encode("utf-8", "replace"))


def is_line(text: str) -> bool:
    """Whether a text may be shown as one line: nothing in it breaks it, turns it, or can't be encoded."""
    return all(sign.isprintable() or sign in _JOINERS for sign in text)
