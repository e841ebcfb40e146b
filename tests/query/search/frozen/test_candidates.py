"""More passages near by meaning than are candidates: what is found by its words alone must not fall behind them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import seekpoint
from seekpoint.index.open import open_reader
from seekpoint.index.store import Reader
from tests.asking import ask
from tests.indexer.builds import webvtt
from tests.query.search.frozen.encoder import ASIDES, FrozenEncoder
from tests.query.search.frozen.talks import aside

# Each line is a passage. The nearest 200 are found by meaning.
_NEAR, _FAR = 210, 420
_A_TALK = 70


def _said() -> Iterator[str]:
    """Passages on masks, each with half a thought elsewhere, then others; of these one names Zorn and a mask."""
    for number in range(_NEAR):
        yield f"a mask, and {aside(number, 'en')}"
    for number in range(_FAR):
        yield f"{aside(number, 'en')}, and {aside(number + 3, 'en')}"
    yield f"Zorn: a mask for a mask; {', '.join(english for english, _ in ASIDES[:6])}"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    folder = tmp_path_factory.mktemp("candidates")
    said = list(_said())
    addresses = []
    for number, first in enumerate(range(0, len(said), _A_TALK)):
        text = webvtt(*said[first : first + _A_TALK], seconds=40)
        (folder / f"talk [talk{number:07d}].en.vtt").write_text(text, encoding="utf-8")
        addresses.append(f"- https://youtu.be/talk{number:07d}")
    (folder / "list.md").write_text("\n".join(addresses), encoding="utf-8")
    seekpoint.build(
        folder / "list.md", folder / "library", captions=folder, encoder=FrozenEncoder(), translate=False, pace=0
    )
    with open_reader(folder / "library") as opened:
        yield opened


def test_what_only_words_find_comes_first_by_its_own_nearness_and_words(library: Reader) -> None:
    found = ask("What is the future for Zorn?", library, encoder=FrozenEncoder())
    assert "Zorn" in found.moments[0].quote
