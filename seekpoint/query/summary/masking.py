"""A secret hidden wherever it shows in text. Pure."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import quote

MASK = "…"

# So many letters and digits of a secret in a row are hidden, so that its halves are too. A secret with fewer is a
# placeholder for a server that needs none, such as `ollama`: hiding it would take words out of the text.
_PART = 8
# What stands before it shifts the digits of a secret in base64, in one of three ways.
_SHIFTS = 3


class Masker:
    """Hides a secret and parts of it, whatever is set between its letters, also in base64, hexadecimal or percents."""

    def __init__(self, secret: str | None) -> None:
        forms = [_characters(form)[1] for form in _forms(secret or "")]
        self._parts = {form[start : start + _PART] for form in forms for start in range(len(form) - _PART + 1)}

    def masked(self, text: str) -> str:
        """The text with the secret hidden."""
        places, characters = _characters(text)
        pieces, end = [], 0
        for start in range(len(characters) - _PART + 1):
            if characters[start : start + _PART] in self._parts:
                if places[start] >= end:
                    pieces += [text[end : places[start]], MASK]
                end = places[start + _PART - 1] + 1
        return "".join([*pieces, text[end:]])


def _forms(secret: str) -> Iterator[str]:
    data = secret.encode()
    yield secret
    yield quote(secret, safe="")
    yield data.hex()
    for shift in range(_SHIFTS):
        digits = b64encode(bytes(shift) + data).decode().rstrip("=")
        yield digits[shift + bool(shift) : (shift + len(data)) * 8 // 6]


def _characters(text: str) -> tuple[list[int], str]:
    """The places of the ASCII letters and digits of a text, and these in small letters."""
    places = [place for place, character in enumerate(text) if character.isascii() and character.isalnum()]
    return places, "".join(text[place] for place in places).lower()
