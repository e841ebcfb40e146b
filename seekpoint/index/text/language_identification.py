"""Identifies the language of a text."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from seekpoint.index.errors import SeekpointError
from seekpoint.index.text import languages
from seekpoint.index.text.languages import UNKNOWN, primary

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

_TAG = re.compile(r"[a-z]{2,3}(?:[-_][a-z0-9]{2,8})*", re.IGNORECASE)
_SLICES, _SLICE = 40, 500
# Probabilities: enough to accept without a declared language; enough to reject a declared one; still plausible.
_LIKELY, _SURE, _POSSIBLE = 0.3, 0.7, 0.01
# Languages that the identifier distinguishes and pages don't, or vice versa.
_SAME = {"fil": "tl", "nb": "no", "nn": "no", "wuu": "zh", "hbo": "he", "grc": "el"}
_CHINESE_CHARACTERS = ("zh", "ja", "ko")
_NO_LANGUAGE = "zxx"


def language_of(texts: Sequence[str], declared: str | None, *, least: float = _LIKELY) -> str:
    """The BCP 47 tag of a text: the declared one, unless the words contradict it; `und` if there is no evidence.

    `least` is the probability that is enough without a declared language.
    """
    sample = " ".join(text for text in texts if any(map(str.isalpha, text)))
    if len(sample) > _SLICES * _SLICE:
        starts = (k * (len(sample) - _SLICE) // (_SLICES - 1) for k in range(_SLICES))
        sample = " ".join(sample[start : start + _SLICE] for start in starts)
    probabilities = _probabilities(sample)
    best = max(probabilities, key=probabilities.__getitem__)
    tag = _tag(declared or "")
    language = _language(tag)
    if language in _known():
        candidates = _CHINESE_CHARACTERS if language in _CHINESE_CHARACTERS else (language,)
        is_in_script = languages.language_of(sample, language) in candidates
        is_possible = probabilities[language] >= _POSSIBLE or probabilities[best] < _SURE
        if probabilities[language] >= _SURE or (is_in_script and is_possible):
            return tag
    return best if probabilities[best] >= least else UNKNOWN


def certain_language_of(texts: Sequence[str]) -> str:
    """The language of a text that declares none, `und` where its words leave a doubt."""
    return language_of(texts, None, least=_SURE)


def may_be_in(tag: str, text: str) -> bool:
    """Whether a text may be in the language with a tag; true for a language that isn't told from others."""
    return _language(tag) not in _known() or primary(language_of([text], primary(tag))) == primary(tag)


def _probabilities(sample: str) -> Mapping[str, float]:
    """The probability of each language; a script of only one language, or of Chinese and its kin, is certain."""
    probabilities: dict[str, float] = defaultdict(float)
    for label, probability in _identifier().rank(sample):
        probabilities[_language(label)] += probability
    script = languages.language_of(sample, None)
    if script != languages.language_of("", None):
        probabilities = {language: probabilities[language] for language in _CHINESE_CHARACTERS} | {script: 1.0}
    return defaultdict(float, {language: probabilities[language] for language in probabilities.keys() - {_NO_LANGUAGE}})


def _language(tag: str) -> str:
    return _SAME.get(primary(tag), primary(tag))


def _tag(declared: str) -> str:
    """The tag in canonical case, such as `zh-Hant-TW`; empty if it is malformed."""
    if not _TAG.fullmatch(declared.strip()):
        return ""
    first, *subtags = re.split("[-_]", declared.strip().lower())
    case = {2: str.upper, 4: str.title}
    return "-".join([first, *(case.get(len(subtag), str)(subtag) for subtag in subtags)])


@cache
def _known() -> frozenset[str]:
    return frozenset(map(_language, _identifier().labels)) - {_NO_LANGUAGE}


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid import langid

    try:
        return langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
    except OSError as error:  # its model is unpacked into a temporary file
        raise SeekpointError(
            f"no temporary file can be written ({error.strerror}): make room on the disk, or name another folder "
            "with $TMPDIR"
        ) from error
