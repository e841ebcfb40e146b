"""Keys of a terminal: sequences that mean nothing to the prompt are dropped.

prompt_toolkit takes a sequence that it doesn't know for Esc and letters, so that a key of a new terminal, or Alt and a
letter, would end the prompt or begin a question.
"""

from __future__ import annotations

import re
from functools import cache

from prompt_toolkit.application.current import get_app
from prompt_toolkit.input import Input
from prompt_toolkit.input.ansi_escape_sequences import ANSI_SEQUENCES
from prompt_toolkit.input.vt100_parser import Vt100Parser
from prompt_toolkit.key_binding.defaults import load_key_bindings
from prompt_toolkit.keys import Keys

# A key's sequence (CSI and SS3 of ECMA-48), a terminal's answer (OSC and the like), or Alt and a character.
_SEQUENCE = re.compile(
    r"\x1b{1,2}(?:\[[0-?]*[ -/]*[@-~]|O[!-~]|[\]P_^X][^\x07\x1b]*(?:\x07|\x1b\\)|[^\x1b\[O\]P_^X])", re.DOTALL
)
# Where the cursor is, which the prompt asks for, and the ends of what is pasted.
_ANSWERS = re.compile(r"\x1b\[(?:\d+;\d+R|20[01]~)")


class KeyParser(Vt100Parser):
    """A parser that drops sequences which no key of the prompt has."""

    def feed(self, data: str) -> None:
        super().feed(_SEQUENCE.sub(lambda found: found[0] if _is_known(found[0]) else "", data))


def drop_unknown_keys(terminal: Input) -> None:
    """Have a terminal's input parsed by a KeyParser; that of a Windows console has no sequences."""
    parser = getattr(terminal, "vt100_parser", None)
    if isinstance(parser, Vt100Parser) and not isinstance(parser, KeyParser):
        terminal.vt100_parser = KeyParser(parser.feed_key_callback)  # type: ignore[attr-defined]


def _is_known(sequence: str) -> bool:
    if _ANSWERS.fullmatch(sequence):
        return True
    found = ANSI_SEQUENCES.get(sequence)
    if isinstance(found, Keys):
        return True
    # Alt and a key moves and deletes words on the line for questions; elsewhere it means nothing.
    after = found[1:] if found else (ANSI_SEQUENCES.get(sequence[1:], sequence[1:]),)
    return after in _after_escape() and get_app().layout.buffer_has_focus


@cache
def _after_escape() -> frozenset[tuple[Keys | str, ...]]:
    """The keys that mean something after Esc, as Alt sends it."""
    return frozenset(each.keys[1:] for each in load_key_bindings().bindings if each.keys[0] is Keys.Escape)
