"""The language that a text is written in."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from seekpoint.index.text import scripts
from seekpoint.index.text.language_tags import primary

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

_TAG = re.compile(r"[a-z]{2,3}(?:[-_][a-z0-9]{2,8})*", re.IGNORECASE)
_SLICES, _SLICE = 40, 500
# Probabilities: what is taken without a claim; what refutes a claim, unless that is possible still.
_LIKELY, _SURE, _POSSIBLE = 0.3, 0.7, 0.01
# Neighbours that the identifier tells apart and pages don't, or the other way round.
_SAME = {"nb": "no", "nn": "no", "wuu": "zh", "hbo": "he", "grc": "el"}
_CHINESE_CHARACTERS = ("zh", "ja", "ko")
_NO_LANGUAGE = "zxx"


def language_of(texts: Sequence[str], claimed: str | None) -> str:
    """The BCP 47 tag of a text in pieces: what it claims itself, unless its words say otherwise.

    `und` where there is nothing to go by.
    """
    sample = _sample(texts)
    likely = _likely(sample)
    best = max(likely, key=likely.__getitem__)
    claim = _tag(claimed or "")
    language = _language(claim)
    if language in _known() and _can_be(language, sample, likely, likely[best]):
        return claim
    return best if likely[best] >= _LIKELY else "und"


def _can_be(language: str, sample: str, likely: Mapping[str, float], most: float) -> bool:
    if likely[language] >= _SURE:
        return True
    shares = _CHINESE_CHARACTERS if language in _CHINESE_CHARACTERS else (language,)
    return scripts.language_of(sample, language) in shares and (likely[language] >= _POSSIBLE or most < _SURE)


def _sample(texts: Sequence[str]) -> str:
    """Slices from everywhere in a text, without what holds no letter."""
    text = " ".join(text for text in texts if any(map(str.isalpha, text)))
    if len(text) <= _SLICES * _SLICE:
        return text
    starts = (k * (len(text) - _SLICE) // (_SLICES - 1) for k in range(_SLICES))
    return " ".join(text[start : start + _SLICE] for start in starts)


def _likely(sample: str) -> Mapping[str, float]:
    """The probability of each language; a script tells its language for certain, up to what shares its characters."""
    likely: dict[str, float] = defaultdict(float)
    for label, probability in _identifier().rank(sample):
        likely[_language(label)] += probability
    script = scripts.language_of(sample, None)
    if script != scripts.language_of("", None):
        likely = {language: likely[language] for language in _CHINESE_CHARACTERS} | {script: 1.0}
    return defaultdict(float, {language: likely[language] for language in likely.keys() - {_NO_LANGUAGE}})


def _language(tag: str) -> str:
    return _SAME.get(primary(tag), primary(tag))


def _tag(claimed: str) -> str:
    """The tag as it is usually written, `zh-Hant-TW`; empty where it isn't one."""
    if not _TAG.fullmatch(claimed.strip()):
        return ""
    first, *others = re.split("[-_]", claimed.strip().lower())
    case = {2: str.upper, 4: str.title}
    return "-".join([first, *(case.get(len(other), str)(other) for other in others)])


@cache
def _known() -> frozenset[str]:
    return frozenset(map(_language, _identifier().labels)) - {_NO_LANGUAGE}


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid import langid

    return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
