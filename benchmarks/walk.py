"""Counts the modules that a reader passes who follows a question, and the build of one transcript, through the code.

usage: python -m benchmarks.walk [LIBRARY] [--list]

Each function counts once, where it is called first; properties don't. What lies behind the door (`index/embedded`,
`index/sql`, `index/postgres`) is a walk of its own. LIBRARY is the example list, indexed; without it, the list is
indexed before.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
from collections.abc import Callable
from inspect import CO_OPTIMIZED
from itertools import groupby
from pathlib import Path
from types import CodeType, FrameType

import seekpoint
from tests.paths import ROOT

_PACKAGE = f"{ROOT / 'seekpoint'}/"
_BEHIND_THE_DOOR = ("index/embedded/", "index/sql/", "index/postgres/")
_EARLIER = ("how does a transformer know its positions?", "what are queries, keys and values?")
_QUESTION = "why does attention need a mask?"


def walk(call: Callable[[], object]) -> list[tuple[str, list[str]]]:
    """Follow a call through the package, up to the door.

    Gives the stays: a module each, with the functions that are called there for the first time.
    """
    first: dict[CodeType, tuple[str, str]] = {}

    def enter(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if (
            event == "call"
            and code.co_flags & CO_OPTIMIZED
            and code not in first
            and _is_ours(code)
            and not _is_behind_the_door(frame)
        ):
            first[code] = code.co_filename.removeprefix(_PACKAGE), code.co_name

    threading.setprofile(enter)
    sys.setprofile(enter)
    try:
        call()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    stays = groupby(first.values(), key=lambda place: place[0])
    return [(module, [name for _, name in names]) for module, names in stays]


def _is_ours(code: CodeType) -> bool:
    """Whether a code is a function or a method of the package, and no property."""
    if not code.co_filename.startswith(_PACKAGE) or code.co_name.startswith("<") or code.co_qualname.endswith(">"):
        return False
    modules = (module for module in list(sys.modules.values()) if getattr(module, "__file__", "") == code.co_filename)
    owner: object = next(modules, None)
    for name in code.co_qualname.split(".")[:-1]:
        owner = getattr(owner, name, None)
    return not isinstance(vars(owner).get(code.co_name) if isinstance(owner, type) else None, property)


def _is_behind_the_door(frame: FrameType | None) -> bool:
    while frame:
        if frame.f_code.co_filename.removeprefix(_PACKAGE).startswith(_BEHIND_THE_DOOR):
            return True
        frame = frame.f_back
    return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("library", type=Path, nargs="?")
    parser.add_argument("--list", action="store_true", help="print each stay, with the functions called there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.library or Path(scratch, "library")
        if not options.library:
            seekpoint.build(ROOT / "examples" / "reading-list.md", folder)
        with seekpoint.open_library(folder) as library:
            for earlier in _EARLIER:  # which load the model and the dictionaries, and stem the words of the talks
                library.ask(earlier, k=100)
            question = walk(lambda: library.ask(_QUESTION))
        talk = ROOT / "examples" / "talks" / "positions.ogg"
        seekpoint.build(talk, Path(scratch, "first"), translate=False)  # which imports the modules
        build = walk(lambda: seekpoint.build(talk, Path(scratch, "second"), translate=False))
    for name, found in (("a question", question), ("the build of one transcript", build)):
        modules = len({module for module, _ in found})
        print(f"{name} passes {modules} modules, with {len(found) - modules} returns to one already left")
        if options.list:
            print("\n".join(f"    {module}: {', '.join(names)}" for module, names in found))


if __name__ == "__main__":
    main()
