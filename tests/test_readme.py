"""README.md and the pages of docs/ say what the program does."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import pytest

import seekpoint
from seekpoint.cli.main import cli
from seekpoint.index.reasons import catalogue
from tests import readme
from tests.paths import ROOT

PAGES = [
    readme.README,
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    ROOT / "SECURITY.md",
    *sorted(readme.DOCS.glob("*.md")),
    readme.RESULTS,
    ROOT / "examples" / "reading-list.md",
]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
MOST_LINES = 120
# What stands for a value that is filled in.
HOLE = "…"
# Options of other programs that the pages name.
FOREIGN = {"--force-ocr", "--help", "--strict"}


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def commands() -> dict[str, click.Command]:
    context = click.Context(cli)
    found = {name: cli.get_command(context, name) for name in cli.list_commands(context)}
    return {name: command for name, command in found.items() if command}


def test_the_readme_is_short() -> None:
    assert len(text_of(readme.README).splitlines()) <= MOST_LINES


@pytest.mark.parametrize("name", ["commands.md", "quality.md", "performance.md", "python.md"])
def test_what_the_program_writes_into_a_page_is_up_to_date(name: str) -> None:
    page = readme.DOCS / name
    assert readme.updated(text_of(page), readme.BLOCKS[page], Path()) == text_of(page), "run: python -m tests.readme"


@pytest.mark.model
@pytest.mark.parametrize("page", readme.BLOCKS, ids=named)
def test_the_examples_are_what_the_program_prints(page: Path, example_library: Path) -> None:
    def unscored(text: str) -> str:
        return re.sub(r'"score": [\d.]+', '"score": …', text)  # differs a little from processor to processor

    updated = readme.updated(text_of(page), readme.BLOCKS[page], example_library)
    assert unscored(updated) == unscored(text_of(page)), "run: python -m tests.readme"


def command_lines(page: Path) -> Iterator[list[str]]:
    """The calls of `seekpoint` in a page's blocks of shell lines, without what follows a pipe or a redirection."""
    for block in re.findall(r"```(?:sh|console)\n(.*?)```", text_of(page), re.DOTALL):
        for line in block.splitlines():
            words = shlex.split(line.removeprefix("$ "), comments=True)
            if "seekpoint" in words:
                call = words[len(words) - words[::-1].index("seekpoint") :]
                yield call[: next((at for at, word in enumerate(call) if word in ("|", ">", ">>")), None)]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_line_is_one(page: Path) -> None:
    for name, *arguments in filter(None, command_lines(page)):
        assert name in commands(), name
        commands()[name].make_context(name, arguments)  # raises where an option or argument doesn't exist


def test_command_lines_are_found() -> None:
    assert len(list(command_lines(readme.README))) >= 3
    assert sum(1 for page in PAGES for _ in command_lines(page)) >= 25


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_the_options_commands_and_files_that_are_named_exist(page: Path) -> None:
    text = text_of(page)
    options = {name for command in commands().values() for option in command.params for name in option.opts}
    for benchmark in (ROOT / "benchmarks").glob("*.py"):
        options |= set(re.findall(r'"(--[a-z-]+)"', text_of(benchmark)))
    # Without lines that call other programs.
    ours = re.sub(r"(?m)^.*\b(?:pip|python|pytest|make|docker)\b.*$", "", text)
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", ours)) <= options | FOREIGN
    assert set(re.findall(r"`seekpoint ([a-z]+)", text)) <= set(commands())
    paths = re.findall(r"`((?:seekpoint|tests|benchmarks|docs|examples)/[\w./-]+)`", text)
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent != ROOT / "examples"], ids=named)
def test_the_links_lead_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", text_of(page)):
        file = page.parent / target if target else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), f"{target}#{anchor}"


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    unfenced = re.sub(r"```.*?```", "", text_of(page), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", unfenced, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_linked_from_the_index_and_the_readme() -> None:
    pages = {page.name for page in readme.DOCS.glob("*.md")} - {"README.md"}
    assert pages <= set(re.findall(r"\]\(([\w-]+\.md)\)", text_of(readme.DOCS / "README.md")))
    assert pages <= set(re.findall(r"\]\(docs/([\w-]+\.md)\)", text_of(readme.README)))


def test_the_tests_that_show_what_is_safe_exist() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text_of(ROOT / "SECURITY.md"))
    assert len(named) > 20
    assert [test for file, test in named if f"def {test}(" not in text_of(ROOT / file)] == []


def test_the_make_targets_that_are_named_exist() -> None:
    targets = {name for page in PAGES for name in re.findall(r"(?m)(?:^|`)make (\w+)", text_of(page))}
    assert {"demo", "test"} <= targets
    assert all(re.search(rf"^{target}:", MAKEFILE, re.MULTILINE) for target in targets)


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
def test_the_demo_names_its_steps_sizes_and_questions() -> None:
    ran = subprocess.run(
        ["make", "--dry-run", "--always-make", "demo"], cwd=ROOT, capture_output=True, check=True, encoding="utf-8"
    )
    assert re.findall(r"(\d)/4 ", ran.stdout) == ["1", "2", "3", "4"]
    assert re.search(r"\d+ MB to download, [\d.]+ GB on disk", ran.stdout)
    assert [ran.stdout.count(f'"{question}"') for question in demo_questions()] == [2, 2, 2]  # shown, and asked


def demo_questions() -> list[str]:
    return re.findall(r"\$\(call ask,(.+)\)$", MAKEFILE.replace("$(COMMA)", ","), re.MULTILINE)


@pytest.mark.model
def test_the_demos_questions_are_answered(example_library: Path) -> None:
    answers = [seekpoint.ask(question, example_library, k=1) for question in demo_questions()]
    assert all(answer.answered for answer in answers)
    assert [answer.moments[0].language for answer in answers] == ["en", "zh", "en"]


def names(requirements: Iterable[str]) -> set[str]:
    return {re.split(r"[<>=;\[ ]", line)[0].lower() for line in requirements}


def test_every_dependency_is_explained_and_its_licence_named() -> None:
    needed = names(PROJECT["dependencies"])
    table = text_of(ROOT / "CONTRIBUTING.md").partition("| dependency | for |")[2]
    cells = re.findall(r"^\| ([\w, -]+) \|", table, re.MULTILINE)
    assert {name.strip().lower() for cell in cells for name in cell.split(",")} == needed
    extras = {line for extra, lines in PROJECT["optional-dependencies"].items() if extra != "dev" for line in lines}
    assert {name.lower() for name in LICENCES} == needed | names(extras)


LICENCES = dict(re.findall(r"(?m)^  ([\w.-]+)  +(\S.*)$", text_of(ROOT / "NOTICE")))
KINDS_OF_LICENCES = ("MIT", "BSD", "Apache", "PSF", "CNRI", "Unlicense", "CC BY-SA", "LGPL")


@pytest.mark.parametrize("name", LICENCES)
def test_the_notice_says_what_the_packages_say(name: str) -> None:
    try:
        about = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        pytest.skip(f"{name} isn't installed here")
    fields = about.get_all("License-Expression") or [*about.get_all("License", []), *about.get_all("Classifier", [])]
    stated = " ".join(fields)
    assert [one in stated for one in KINDS_OF_LICENCES] == [one in LICENCES[name] for one in KINDS_OF_LICENCES]


def source_texts() -> Iterator[str]:
    """Every text in the source, with a hole for each value that is filled in."""
    for path in (ROOT / "seekpoint").rglob("*.py"):
        for node in ast.walk(ast.parse(text_of(path))):
            parts = node.values if isinstance(node, ast.JoinedStr) else [node]
            texts = [part.value if isinstance(part, ast.Constant) else HOLE for part in parts]
            if texts != [HOLE] and all(isinstance(text, str) for text in texts):
                yield "".join(map(str, texts))
    for reasons in catalogue().values():
        yield re.sub(r"\{\w+\}", HOLE, ": ".join(reasons["en"]))


def test_every_message_that_is_explained_is_the_programs() -> None:
    messages = re.findall(r"(?m)^\| `` ?(.+?) ?`` \|", text_of(readme.DOCS / "troubleshooting.md"))
    assert len(messages) >= 60
    texts = tuple(source_texts())
    for message in messages:
        parts = (re.escape(part.strip()) for part in message.strip(f"{HOLE} ").split(HOLE))
        pattern = re.compile(".*".join(parts), re.DOTALL)
        assert any(map(pattern.search, texts)), message


@pytest.mark.model
def test_the_python_in_it_runs(
    example_library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asking, listing = re.findall(r"```python\n(.*?)```", text_of(readme.DOCS / "python.md"), re.DOTALL)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    shutil.copytree(example_library, tmp_path / "my-library")  # which spares the build the embedding
    monkeypatch.chdir(tmp_path)
    exec(compile(asking, "docs/python.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert "#t=" in lines[0] and "raining" in lines[0]
    exec(compile(listing, "docs/python.md", "exec"), {})
    listed = capsys.readouterr().out.splitlines()
    assert listed[0] == "7"
    assert len(listed) == 1 + 7 + 3
