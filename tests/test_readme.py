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
from contextlib import suppress
from pathlib import Path

import click
import pytest

import seekpoint
from seekpoint.cli.main import cli
from seekpoint.index.reasons import catalogue
from seekpoint.query.web.parameters import AskParameters
from tests import readme
from tests.paths import ROOT

PAGES = [*sorted(ROOT.glob("[CRS]*.md")), *sorted(readme.DOCS.glob("*.md")), readme.RESULTS]
PAGES += [ROOT / "examples" / "reading-list.md"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
# What stands for a value that is filled in.
HOLE = "…"
# Options of other programs that the pages name.
FOREIGN = {"--extractor-args", "--js-runtimes", "--remote-components", "--force-ocr", "--help", "--strict"}


# Where the demo's questions are answered: the talk, and the seconds in which the answer begins.
SHINING = (("why-attention", 139, 151), ("inference", 97, 117), ("training", 249, 268))


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def commands() -> dict[str, click.Command]:
    context = click.Context(cli)
    return {name: command for name in cli.list_commands(context) if (command := cli.get_command(context, name))}


def assert_up_to_date(page: Path, library: Path) -> None:
    def unscored(text: str) -> str:
        return re.sub(r'"score": [\d.]+', '"score": …', text)  # differs a little from processor to processor

    updated = readme.updated(text_of(page), readme.BLOCKS[page], library)
    assert unscored(updated) == unscored(text_of(page)), "run: python -m tests.readme"


def test_what_the_program_writes_into_a_page_is_up_to_date() -> None:
    for name in ("commands.md", "quality.md", "performance.md", "python.md"):
        assert_up_to_date(readme.DOCS / name, Path())


@pytest.mark.model
def test_the_examples_are_what_the_program_prints_and_the_demos_questions_are_answered(example_library: Path) -> None:
    for page in (readme.README, readme.DOCS / "json.md", readme.DOCS / "asking.md"):
        assert_up_to_date(page, example_library)
    answers = [seekpoint.ask(question, example_library, k=1) for question in demo_questions()]
    assert [answer.confidence for answer in answers] == [seekpoint.Confidence.HIGH] * 3
    for answer, (talk, begin, end) in zip(answers, SHINING, strict=True):
        (moment,) = answer.moments
        assert talk in moment.link and moment.start is not None and begin <= moment.start <= end, moment.link


def command_lines(page: Path) -> Iterator[list[str]]:
    """The calls of `seekpoint` in a page's blocks of shell lines, without what follows a pipe or a redirection."""
    for block in readme.shell_blocks(page):
        for line in block:
            words = shlex.split(line)
            if "seekpoint" in words:
                call = words[len(words) - words[::-1].index("seekpoint") :]
                yield call[: next((at for at, word in enumerate(call) if word in ("|", ">", ">>")), None)]


def test_every_command_line_option_and_file_that_the_pages_name_is_there() -> None:
    known, lines = commands(), [line for page in PAGES for line in command_lines(page)]
    assert len(lines) >= 25
    for name, *arguments in filter(None, lines):
        assert name in known, name
        known[name].make_context(name, arguments)  # raises where an option or argument doesn't exist
    options = {name for command in known.values() for option in command.params for name in option.opts} | FOREIGN
    for benchmark in (ROOT / "benchmarks").glob("*.py"):
        options |= set(re.findall(r'"(--[a-z-]+)"', text_of(benchmark)))
    for page in PAGES:
        text = text_of(page)
        # Without lines that call other programs.
        ours = re.sub(r"(?m)^.*\b(?:pip|python|pytest|make|docker)\b.*$", "", text)
        assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", ours)) <= options, page
        assert set(re.findall(r"`seekpoint ([a-z]+)", text)) <= known.keys(), page
        paths = re.findall(r"`((?:seekpoint|tests|benchmarks|docs|examples)/[\w./-]+)`", text)
        assert [path for path in paths if not (ROOT / path).exists()] == [], page


def test_the_links_lead_somewhere_and_every_page_is_linked_from_the_index_and_the_short_readme() -> None:
    for page in (page for page in PAGES if page.parent != ROOT / "examples"):
        for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", text_of(page)):
            file = page.parent / target if target else page
            assert file.exists(), target
            assert not anchor or anchor in anchors(file), f"{target}#{anchor}"
    pages = {page.name for page in readme.DOCS.glob("*.md")} - {"README.md"}
    assert pages <= set(re.findall(r"\]\(([\w-]+\.md)\)", text_of(readme.DOCS / "README.md")))
    assert pages <= set(re.findall(r"\]\(docs/([\w-]+\.md)\)", text_of(readme.README)))
    assert len(text_of(readme.README).splitlines()) <= 120


def anchors(page: Path) -> set[str]:
    unfenced = re.sub(r"```.*?```", "", text_of(page), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", unfenced, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_tests_that_show_what_is_safe_and_the_make_targets_that_are_named_exist() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text_of(ROOT / "SECURITY.md"))
    assert len(named) > 20
    assert [test for file, test in named if f"def {test}(" not in text_of(ROOT / file)] == []
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


def test_the_notice_says_what_the_packages_say() -> None:
    for name, licence in LICENCES.items():
        with suppress(importlib.metadata.PackageNotFoundError):  # of an extra that isn't installed here
            about = importlib.metadata.metadata(name)
            classic = [*about.get_all("License", []), *about.get_all("Classifier", [])]
            stated = " ".join(about.get_all("License-Expression") or classic)
            assert [one in stated for one in KINDS_OF_LICENCES] == [one in licence for one in KINDS_OF_LICENCES], name


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
    texts = "\0".join(source_texts())
    for message in messages:
        parts = (re.escape(part.strip()) for part in message.strip(f"{HOLE} ").split(HOLE))
        assert re.search("[^\0]*".join(parts), texts), message


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


def test_the_table_of_the_api_names_every_parameter_of_a_question() -> None:
    row = re.search(r"^\| `GET /api/ask\?q=….*", (readme.DOCS / "serving.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert row and [name for name in AskParameters.model_fields if f"`{name}`" not in row[0]] == []
