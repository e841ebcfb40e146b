"""Filler text in English and Chinese: sentences that exist once, with ligatures, hyphens and mixed scripts."""

from __future__ import annotations

import random
import tomllib
from pathlib import Path

_WORDS = tomllib.loads((Path(__file__).parent / "words.toml").read_text("utf-8"))


class Filler:
    """Sentences drawn by chance, none of which is in another."""

    def __init__(self, seed: int, language: str) -> None:
        self._chance = random.Random(seed)
        self._words: dict[str, list[str]] = _WORDS[language]
        self._is_english = language == "english"
        self._used: list[str] = []

    def sentence(self, formulas: bool = False) -> str:
        """A sentence; `*` surrounds what is emphasised, `$` a formula."""
        while True:
            sentence = self._english(formulas) if self._is_english else self._chinese()
            key = sentence.casefold().rstrip(".。")
            if not any(key in other or other in key for other in self._used):
                self._used.append(key)
                return sentence

    def reference(self) -> str:
        """An entry of a bibliography."""
        names, first, year = (
            self._sample("names", 2),
            self._chance.randrange(1, 900),
            self._chance.randrange(1990, 2025),
        )
        place = f"{first % 40}({first % 4 + 1})"
        subject, what = self._pick("subjects"), self._pick("objects").replace("*", "")
        if not self._is_english:
            return f"{', '.join(names)}. {subject}与{what}[J]. 应用科学学报, {year}, {place}: {first}-{first + 9}."
        title, journal = _capital(f"{subject} and {what}"), self._pick("journals")
        return f"{' and '.join(names)}. {title}. *{journal}*, {place}:{first}–{first + 11}, {year}."

    def cell(self) -> str:
        """A number in a table."""
        return f"{self._chance.uniform(1, 99):.2f}"

    def _english(self, formulas: bool) -> str:
        sentence = f"{self._pick('subjects')} {self._pick('verbs')} {self._pick('objects')}"
        if formulas:
            sentence += f" with {self._formula()}"
        if self._chance.random() < 0.4:
            sentence += f", {self._pick('closes')}"
        if self._chance.random() < 0.3:
            return f"{self._pick('openings')}, {sentence}."
        return f"{_capital(sentence)}."

    def _chinese(self) -> str:
        return f"{self._pick('subjects')}{self._pick('verbs')}{self._pick('objects')}，{self._pick('closes')}。"

    def _formula(self) -> str:
        x, y, n = (
            self._chance.choice("xyzuv"),
            self._chance.choice(("alpha", "beta", "lambda")),
            self._chance.randrange(9),
        )
        forms = rf"{x}_{n} = \{y} + {n}", rf"{x}_i^2 \le \{y}", rf"\{y} ({x}_1 + {x}_{n})", rf"\sqrt{{{x}}} / {n}"
        return f"${self._chance.choice(forms)}$"

    def _pick(self, kind: str) -> str:
        return self._chance.choice(self._words[kind])

    def _sample(self, kind: str, number: int) -> list[str]:
        return self._chance.sample(self._words[kind], number)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
