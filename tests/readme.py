"""The parts of README.md and docs/ that the program writes itself: `python -m tests.readme` brings them up to date."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Mapping
from copy import copy
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

import click
from click.testing import CliRunner

import seekpoint
from seekpoint.cli.main import cli
from seekpoint.indexer.reading_list.addresses import short_hash
from tests.fake_chat import citing, fake_chat
from tests.paths import ROOT

README = ROOT / "README.md"
DOCS = ROOT / "docs"
RESULTS = ROOT / "benchmarks" / "RESULTS.md"
QUESTION = "Why do we need three different matrices for queries, keys and values?"
Block: TypeAlias = Callable[[Path], str]
_ANYWHERE = "/home/you/seekpoint"
_WIDTH = 100
SAID_ONCE = {
    "--index",
    "--rerank",
    "--llm",
    "--llm-model",
    "--llm-seconds",
    "--cookies",
    "--cookies-from-browser",
    "--proxy",
}
_SECTION = re.DOTALL | re.MULTILINE


def help_block() -> str:
    """The options that several commands have, and the help of each command without them."""
    parent = click.Context(cli, info_name="seekpoint", terminal_width=_WIDTH, **cli.context_settings)
    texts, owners = list[str](), dict[tuple[str, str], list[str]]()
    for name in cli.list_commands(parent):
        command = copy(cli.get_command(parent, name))
        assert command is not None, name
        context = click.Context(command, parent, name, terminal_width=_WIDTH)
        for option in command.params:
            if SAID_ONCE.intersection(option.opts) and (record := option.get_help_record(context)):
                owners.setdefault(record, []).append(f"`{name}`")
        command.params = [option for option in command.params if SAID_ONCE.isdisjoint(option.opts)]
        command.add_help_option = False
        texts.append(command.get_help(context))
    rows = [f"| `{option}` | {', '.join(names)} | {said} |" for (option, said), names in owners.items()]
    table = "\n".join(["| option | of | is |", "|---|---|---|", *rows])
    return table + "\n\n" + _fenced("text", "\n\n".join(texts))


def picture_block(library: Path) -> str:
    printed = _portable(_run("ask", QUESTION, "-k", "1", "--index", str(library)))
    return _fenced("console", f'$ seekpoint ask "{QUESTION}" -k 1\n{printed.rstrip()}')


def json_block(library: Path) -> str:
    answer = json.loads(_run("ask", QUESTION, "-k", "1", "--json", "--index", str(library)))
    return _json([moment["resource"] for moment in answer["moments"]], answer)


def status_block(library: Path) -> str:
    """The example's status as JSON, with the first resource."""
    status = json.loads(_run("status", "--json", "--index", str(library)))
    status["resources"] = status["resources"][:1]
    return _json(status["resources"], status | {"library": "my-library"})


def api_block() -> str:
    """The functions of the package and the methods of a library, each with what its docstring says first."""
    functions = [(name, getattr(seekpoint, name)) for name in ("build", "open_library", "ask")]
    for name, method in vars(seekpoint.Library).items():
        if callable(method) and not name.startswith("_"):
            functions.append((f"Library.{name}", method))
    rows = []
    for name, function in functions:
        signature = inspect.signature(function)
        given = [each.replace(annotation=each.empty) for each in signature.parameters.values() if each.name != "self"]
        rows.append(f"| `{name}{inspect.Signature(given)}` | {_summary(function)} |")
    return "\n".join(["| call | does |", "|---|---|", *rows])


def types_block() -> str:
    """The classes of the package beside Library, each with what its docstring says first and its fields or values."""
    rows = ["| class | is | has |", "|---|---|---|"]
    for kind in (getattr(seekpoint, name) for name in seekpoint.__all__):
        if isinstance(kind, type) and kind is not seekpoint.Library:
            if issubclass(kind, StrEnum):
                contents = [member.value for member in kind]
            else:
                properties = [name for name, value in vars(kind).items() if isinstance(value, property)]
                contents = [*inspect.get_annotations(kind), *properties]
            rows.append(f"| `{kind.__name__}` | {_summary(kind)} | {', '.join(f'`{name}`' for name in contents)} |")
    return "\n".join(rows)


def summary_block() -> str:
    """How ours and the best plain system do on each set, from the tables that the quality benchmark wrote."""
    tables = RESULTS.read_text(encoding="utf-8").partition("<!-- quality:")[2].partition("<!-- /quality")[0]
    head = ["set", "questions", "right first", "best plain system", "difference", "right among five", "error, median"]
    shown = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for name, table, gains in re.findall(r"^### (\w+)\n\n(.*?)\n\n(moment@1 over .+?)$", tables, _SECTION):
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
        figures = {system: cells for system, group, *cells in reversed(rows) if group == rows[0][1]}
        ours, best = figures["seekpoint"], re.findall(r"over (\w+),", gains)[0]
        gain = re.findall(r": [\w>-]+ ([^;]+\))", gains)[0]
        n, _, moment1, moment5, _, _, error = ours
        plain = f"{figures[best][2].split()[0]} ({best})"
        cells = [name, n, moment1.split()[0], plain, gain, moment5, f"{error.split()[0]} s"]
        shown.append(f"| {' | '.join(cells)} |")
    return "\n".join(shown)


# A large language model's answers to these questions; {words} stand for the mark of the passage that says them.
READINGS = {
    "why do we need three different matrices for queries, keys and values?": (
        'If the query and the key were the same vector, the score from "it" to "piano" would equal the score from '
        '"piano" to "it", because a dot product ignores the order of its sides {Suppose the query and the key}. '
        "But looking is a one way affair: a pronoun needs its noun badly, while the noun can do without the pronoun "
        "{But looking is a one way}. A vector also tends to match itself best, so every word would mostly stare at "
        "itself {there's a second trouble}. The value gets its own matrix because how you are found and what you "
        "hand over are two separate matters, which the model learns separately {Giving the value its own}."
    ),
    "为什么要缓存键和值，却不缓存查询？": (
        "因为查询是一次性的，一个字拿它问完一圈就再也用不着了，后面的字只关心这个字的键和值 {因为查询是一次性的}。"
        "前面的字看不到后面的字，它们的键和值不会再变，所以可以存起来，下次直接用 {前面那些字的键和值}。"
        "这样每一步只要给新来的这一个字算它自己的查询、键和值 {每一步只要给新来的}。"
    ),
}


def readings_block(library: Path) -> str:
    """Answers with a reader, which a scripted endpoint gives."""
    shown = []
    with fake_chat() as chat:
        for question, said in READINGS.items():
            chat.behaviour = citing(said)
            answer = _portable(_run("ask", question, "-k", "1", "--llm", chat.address, "--index", str(library)))
            shown.append(_fenced("text", f'$ seekpoint ask "{question}" -k 1 --llm …\n{answer.strip()}'))
    return "\n\n".join(shown)


def costs_block() -> str:
    """What a question and a change cost, from the tables that the scale benchmark wrote."""
    table = RESULTS.read_text(encoding="utf-8").partition("<!-- scale:")[2].partition("\n### ")[0]
    lines = (line.strip("|").split("|") for line in table.splitlines() if line.startswith("|"))
    rows = {label.strip(): [cell.strip() for cell in cells] for label, *cells in lines}
    wanted = {
        "`seekpoint ask`, from start to end": ("`ask` as a process", r"/ ([\d.]+ s).*, (\d+ MB)"),
        "a question in an open library, without embedding it": ("warm question", r"([\d.]+)"),
        "adding a lecture, without embedding it": ("adding a lecture", r"/ ([\d.]+) /"),
        "on disk": ("on disk", r"([\d,]+ MB)"),
    }
    units = {"warm question": " ms", "adding a lecture": " s"}
    head = ["one question, one change", *(cell for cell in rows[""] if "chunks" in cell)]
    shown = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for name, (label, pattern) in wanted.items():
        figures = []
        for cell in next(cells for key, cells in rows.items() if key.startswith(label))[: len(head) - 1]:
            found = re.search(pattern, cell)
            assert found, f"there is no {pattern} in {cell}"
            figures.append(f"{', '.join(found.groups())}{units.get(label, '')}")
        shown.append(f"| {name} | {' | '.join(figures)} |")
    return "\n".join(shown)


BLOCKS: Mapping[Path, Mapping[str, Block]] = {
    README: {"picture": picture_block},
    DOCS / "commands.md": {"help": lambda library: help_block()},
    DOCS / "asking.md": {"readings": readings_block},
    DOCS / "json.md": {"json": json_block, "status-json": status_block},
    DOCS / "quality.md": {"summary": lambda library: summary_block()},
    DOCS / "performance.md": {"costs": lambda library: costs_block()},
    DOCS / "python.md": {"api": lambda library: api_block(), "types": lambda library: types_block()},
}
"""Which block stands in which file; each is made from the example's library."""


def updated(text: str, blocks: Mapping[str, Block], library: Path) -> str:
    for name, block in blocks.items():
        text = replaced(text, name, block(library))
    return text


def shell_blocks(page: Path) -> list[list[str]]:
    """The commands in each shell block of a page: continued lines are one, comments and output are left out."""
    blocks = []
    for language, text in re.findall(r"^```(sh|bash|shell|console)\n(.*?)^```", page.read_text("utf-8"), _SECTION):
        lines = text.replace("\\\n", " ").splitlines()
        if language == "console":
            lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        commands = (re.sub(r"(?:^|\s+)#.*", "", line).strip() for line in lines)
        blocks.append([command for command in commands if command])
    return blocks


def replaced(text: str, name: str, block: str) -> str:
    pattern = rf"(<!-- {name}: [^>]*-->\n).*?(\n?<!-- /{name} -->)"
    assert re.search(pattern, text, re.DOTALL), f"there is no block {name}"
    return re.sub(pattern, lambda found: f"{found[1]}{block}\n{found[2].lstrip()}", text, flags=re.DOTALL)


def write_block(page: Path | None, name: str, block: str) -> None:
    if page:
        page.write_text(replaced(page.read_text("utf-8"), name, block.rstrip()), "utf-8")


def _run(*arguments: str) -> str:
    ran = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert ran.exit_code == 0, ran.output
    return ran.stdout


def _json(resources: list[dict[str, str]], document: object) -> str:
    """A document in which the resources are somebody's, wherever this is run: an id depends on the address."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    for resource in resources:
        text = text.replace(resource["id"], short_hash(_portable(resource["url"])))
    return _fenced("json", _portable(text))


def _portable(text: str) -> str:
    return re.sub(r'("added": )"[^"]+"', r'\1"2026-12-01T09:30:00+00:00"', text.replace(str(ROOT), _ANYWHERE))


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"


def _summary(function: Callable[..., object]) -> str:
    return (inspect.getdoc(function) or "").partition("\n\n")[0].replace("\n", " ")


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        seekpoint.build([ROOT / "examples" / "reading-list.md"], scratch)
        for page, blocks in BLOCKS.items():
            page.write_text(updated(page.read_text("utf-8"), blocks, Path(scratch)), "utf-8")
