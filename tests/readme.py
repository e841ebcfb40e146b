"""The parts of README.md that the program writes itself: `python -m tests.readme` brings them up to date."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import click

import seekpoint
from seekpoint.cli.main import cli
from seekpoint.indexer.reading_list.addresses import short_hash
from seekpoint.query.output.json import to_json
from seekpoint.query.output.terminal import to_text
from tests.paths import ROOT

README = ROOT / "README.md"
QUESTION = "Why do we need three different matrices for queries, keys and values?"
_ANYWHERE = "file:///home/you/seekpoint"


def help_block() -> str:
    """What `seekpoint COMMAND --help` prints, for each command."""
    context = click.Context(cli, info_name="seekpoint", terminal_width=100)
    blocks = []
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        blocks.append(command.get_help(click.Context(command, context, name, terminal_width=100)))
    return "```text\n" + "\n\n".join(blocks) + "\n```"


def picture_block(library: Path) -> str:
    """The example's answer to the question, as a terminal shows it."""
    answer = seekpoint.ask(QUESTION, library, k=1)
    return f'```console\n$ seekpoint ask "{QUESTION}" -k 1\n{_portable(to_text(answer, styled=False))}\n```'


def json_block(library: Path) -> str:
    """The example's answer to the question as JSON."""
    answer = seekpoint.ask(QUESTION, library, k=1)
    text = _portable(json.dumps(to_json(answer), indent=2, ensure_ascii=False))
    for moment in answer.moments:
        text = text.replace(moment.resource.id, short_hash(_portable(moment.resource.url)))
    return f"```json\n{text}\n```"


def updated(text: str, library: Path) -> str:
    """The README with these parts as they should be."""
    blocks: dict[str, Callable[[], str]] = {
        "help": help_block,
        "picture": lambda: picture_block(library),
        "json": lambda: json_block(library),
    }
    for name, block in blocks.items():
        text = replaced(text, name, block())
    return text


def replaced(text: str, name: str, block: str) -> str:
    """The text with another block between its markers."""
    pattern = rf"(<!-- {name}: [^>]*-->\n).*?(\n<!-- /{name} -->)"
    assert re.search(pattern, text, re.DOTALL), f"README.md has no block {name}"
    return re.sub(pattern, lambda found: found[1] + block + found[2], text, flags=re.DOTALL)


def _portable(text: str) -> str:
    return text.replace(ROOT.as_uri(), _ANYWHERE)


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        seekpoint.build([ROOT / "examples" / "reading-list.md"], scratch)
        README.write_text(updated(README.read_text(encoding="utf-8"), Path(scratch)), encoding="utf-8")
