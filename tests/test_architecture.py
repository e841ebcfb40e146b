"""The rules that keep the house in order."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from graphlib import TopologicalSorter
from importlib.metadata import version
from pathlib import Path

import click
import pytest

import seekpoint
from seekpoint.cli.main import cli
from tests.index.libraries import build, run_script
from tests.paths import ROOT

PACKAGE, TESTS, BENCHMARKS = ROOT / "seekpoint", ROOT / "tests", ROOT / "benchmarks"
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
}
HEAVY = {"numpy", "faiss", "torch", "rich", "requests", "yt_dlp", "youtube_transcript_api", "fastapi"} | {
    *("prompt_toolkit", "starlette", "uvicorn", "jinja2", "mcp", "pydantic", "trafilatura", "lxml", "pypdfium2"),
    *("psycopg", "psycopg_pool"),
}
# The parts that a part imports nothing of; `seekpoint.api` and `seekpoint.cli` stand above all of them.
FORBIDDEN = {
    "index": {"indexer", "query", "cli", "api"},
    "indexer": {"query", "cli", "api"},
    "query": {"indexer", "cli", "api"},
}


@cache
def trees() -> dict[str, ast.Module]:
    return {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}


def named_by(tree: ast.Module) -> set[str]:
    """The modules that a file imports anywhere in it, and what it imports of packages, by their full names."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


@cache
def needs() -> dict[str, set[str]]:
    """The modules that each module imports."""
    return {name: named_by(tree) & MODULES.keys() - {name} for name, tree in trees().items()}


def test_imports_point_one_way_and_no_module_needs_one_that_needs_it() -> None:
    for part, forbidden in FORBIDDEN.items():
        members = [name for name in MODULES if name.startswith(f"seekpoint.{part}.")]
        assert members
        used = {(name, needed) for name in members for needed in needs()[name] if needed.split(".")[1:2]}
        assert [pair for pair in used if pair[1].split(".")[1] in forbidden] == []
    assert "seekpoint.query.search.question" in needs()["seekpoint.query.search.pipeline"]
    assert "seekpoint.indexer.build_options" in needs()["seekpoint.cli.build"]
    assert [*TopologicalSorter(needs()).static_order()]  # which raises CycleError


# What `query` and `indexer` import of the index: the vocabulary, text, models, and the door.
OPEN = ["types", "address", "errors", "settings", "reasons", "store", "open", "text", "models"]


def test_storage_is_used_through_the_door() -> None:
    for part in ("query", "indexer", "cli", "api"):
        allowed = {f"seekpoint.index.{name}" for name in OPEN} | {"seekpoint.index"}
        allowed |= {"seekpoint.index.transfer"} if part == "cli" else set()  # export and import carry files
        members = [name for name in MODULES if name.split(".")[1:2] == [part]]
        assert members
        used = {(name, needed) for name in members for needed in needs()[name] if needed.split(".")[1:2] == ["index"]}
        assert [pair for pair in used if ".".join(pair[1].split(".")[:3]) not in allowed] == []


def test_the_door_has_few_operations() -> None:
    body = trees()["seekpoint.index.store"].body
    protocols = [node for node in body if isinstance(node, ast.ClassDef) and "Protocol" in map(ast.unparse, node.bases)]
    operations = [node.name for each in protocols for node in each.body if isinstance(node, ast.FunctionDef)]
    assert {"statuses", "commit", "keep", "take"} <= set(operations)
    assert len([name for name in operations if name not in ("__enter__", "__exit__")]) <= 42


def test_no_two_public_classes_share_a_name_and_none_inherits_from_one_that_inherits() -> None:
    """Of our own classes; errors and Protocols aside, which are made to be subclassed."""
    public = list[str]()
    bases: dict[str, set[str]] = {}
    for tree in trees().values():
        public += [node.name for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                bases.setdefault(node.name, set()).update(ast.unparse(base).split("[")[0] for base in node.bases)
    assert [name for name, count in Counter(public).items() if count > 1] == []

    def is_error(name: str) -> bool:
        return name.endswith(("Error", "Exception")) or any(map(is_error, bases.get(name, ())))

    ours = {name: parents & bases.keys() for name, parents in bases.items() if "Protocol" not in parents}
    heirs = {name for name, parents in ours.items() if parents and not is_error(name)}
    assert [name for name in heirs if any(ours.get(base) for base in ours[name])] == []


def test_only_the_tests_of_benchmarks_import_benchmarks_and_nothing_imports_through_the_links_at_the_top() -> None:
    """And the package imports neither benchmarks nor tests, which its wheel doesn't hold."""
    files = [*MODULES.values(), *TESTS.rglob("*.py"), *BENCHMARKS.rglob("*.py")]
    files += (ROOT / "examples").rglob("*.py")
    named = {path: {*re.findall(r"(?m)^ *(?:from|import) (\w+)", path.read_text(encoding="utf-8"))} for path in files}
    assert "benchmarks" in named[TESTS / "benchmarks" / "test_quality.py"]
    for path, names in named.items():
        assert not names & {"index", "indexer", "query"}, path
        if path.is_relative_to(PACKAGE):
            assert not names & {"benchmarks", "tests"}, path
        elif path.is_relative_to(TESTS) and path.parent != TESTS / "benchmarks":
            assert "benchmarks" not in names, path
    for name in ("index", "indexer", "query"):
        assert (ROOT / name).is_symlink() and (ROOT / name).resolve() == PACKAGE / name


def test_the_page_on_the_architecture_cites_what_is_there() -> None:
    """Paths, their ends, dotted modules, and names that some module defines, in text and drawings."""
    parts = [path.relative_to(ROOT).parts for top in (PACKAGE, TESTS, BENCHMARKS) for path in (top, *top.rglob("*"))]
    paths = {"/".join(each[at:]) for each in parts for at in range(len(each))}
    names = {path.stem for path in MODULES.values()}
    for tree in trees().values():
        nodes = [*ast.walk(tree)]
        names |= {node.name for node in nodes if isinstance(node, ast.ClassDef | ast.FunctionDef)}
        constants = [node for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)]
        names |= {node.id for each in constants for node in ast.walk(each) if isinstance(node, ast.Name)}

    def exists(cited: str) -> bool:
        path = cited.replace(".", "/").strip("/")
        return not paths.isdisjoint((cited.strip("/"), path, f"{path}.py")) or names.issuperset(cited.split("."))

    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    prose = re.sub(r"(?s)```.*?```", "", text)
    cited = [word.removeprefix("python -m ") for word in re.findall(r"`([^`]+)`", prose) if not word.startswith("--")]
    cited += [word for block in re.findall(r"(?s)```.*?```", text) for word in re.findall(r"\w+(?:[./]\w+)+", block)]
    assert len(cited) > 100
    assert [word for word in cited if not exists(word)] == []


def test_every_folder_of_the_package_has_one_of_tests() -> None:
    folders = {path.parent.relative_to(PACKAGE) for path in MODULES.values()}
    assert [folder for folder in folders if not any((TESTS / folder).rglob("test_*.py"))] == []


def test_the_front_door_is_light(tmp_path: Path) -> None:
    build(tmp_path)
    calls = [["--help"], *([name, "--help"] for name in cli.list_commands(click.Context(cli)))]
    calls.append(["status", "--index", str(tmp_path)])
    # One after the other in a process of its own: what takes long to import and was imported after each.
    said = f"print('HEAVY', call, {HEAVY} & sys.modules.keys())"
    loop = f"for call in {calls}:\n    cli(call, standalone_mode=False)\n    {said}"
    ran = run_script(f"import seekpoint\nfrom seekpoint.cli.main import cli\n{loop}")
    told = [line for line in ran.stdout.splitlines() if line.startswith("HEAVY")]
    assert len(told) == len(calls) and all(line.endswith(" set()") for line in told), told


def test_importing_the_package_imports_nothing_else_of_it_and_all_that_is_public_is_there_and_listed() -> None:
    said = "print([name for name in sys.modules if name.startswith(('seekpoint.', 'importlib.meta'))])"
    ran = run_script(f"import seekpoint\n{said}\nprint(seekpoint.__version__)")
    assert ran.stdout.split() == ["[]", version("seekpoint")]
    assert all(getattr(seekpoint, name).__name__ == name for name in seekpoint.__all__)
    assert set(seekpoint.__all__) <= set(dir(seekpoint))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        seekpoint.nothing  # noqa: B018
    public = {name for name in dir(seekpoint.Library) if not name.startswith("_")}
    assert public == {"ask", "close", "resources", "status", "transcript"}
    context = click.Context(cli)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command and command.help
        options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
        assert all(option.help for option in options), name
