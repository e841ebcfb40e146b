"""The rules that keep the house in order."""

from __future__ import annotations

import ast
import json
from graphlib import TopologicalSorter
from pathlib import Path

import click
import pytest

import seekpoint
from seekpoint.cli.main import cli
from tests.index.libraries import build, run_script
from tests.paths import ROOT

PACKAGE = ROOT / "seekpoint"
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
LINKS = ("index", "indexer", "query")


def named_by(path: Path) -> set[str]:
    """The modules that a file imports anywhere in it, and what it imports of packages, by their full names."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


NEEDS = {name: named_by(path) & MODULES.keys() - {name} for name, path in MODULES.items()}


@pytest.mark.parametrize("part", FORBIDDEN)
def test_imports_point_one_way(part: str) -> None:
    members = [name for name in MODULES if name.startswith(f"seekpoint.{part}.")]
    assert members
    used = {name: {needed.split(".")[1] for needed in NEEDS[name] if "." in needed} for name in members}
    assert {name: found for name in members if (found := used[name] & FORBIDDEN[part])} == {}


# What `query` and `indexer` import of the index: the vocabulary, text, models, and the door.
OPEN = ["types", "address", "errors", "settings", "reasons", "store", "open", "text", "models"]


@pytest.mark.parametrize("part", ["query", "indexer", "cli", "api"])
def test_storage_is_used_through_the_door(part: str) -> None:
    allowed = {f"seekpoint.index.{name}" for name in OPEN} | {"seekpoint.index"}
    allowed |= {"seekpoint.index.transfer"} if part == "cli" else set()  # export and import carry files
    offenders: dict[str, set[str]] = {}
    for name in MODULES:
        if name.split(".")[1:2] == [part]:
            used = {needed for needed in NEEDS[name] if needed.split(".")[1:2] == ["index"]}
            offenders[name] = {one for one in used if ".".join(one.split(".")[:3]) not in allowed}
    assert offenders
    assert {name: found for name, found in offenders.items() if found} == {}


def test_the_door_has_few_operations() -> None:
    body = ast.parse(MODULES["seekpoint.index.store"].read_text(encoding="utf-8")).body
    protocols = [one for one in body if isinstance(one, ast.ClassDef) and "Protocol" in map(ast.unparse, one.bases)]
    operations = [one.name for each in protocols for one in each.body if isinstance(one, ast.FunctionDef)]
    assert {"statuses", "commit", "keep", "take"} <= set(operations)
    assert len([name for name in operations if name not in ("__enter__", "__exit__")]) <= 42


def test_no_two_public_classes_share_a_name() -> None:
    places: dict[str, list[str]] = {}
    for module, path in MODULES.items():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(module)
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_no_class_inherits_from_one_that_inherits() -> None:
    """Of our own classes; errors and Protocols aside, which are made to be subclassed."""
    bases: dict[str, set[str]] = {}
    for path in MODULES.values():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                bases.setdefault(node.name, set()).update(ast.unparse(base).split("[")[0] for base in node.bases)
    ours = {name: found & bases.keys() for name, found in bases.items() if "Protocol" not in found}
    chains = [
        (name, base, deeper)
        for name, found in ours.items()
        for base in found
        for deeper in ours.get(base, ())
        if not _is_error(name, bases)
    ]
    assert chains == []


def _is_error(name: str, bases: dict[str, set[str]]) -> bool:
    return name.endswith(("Error", "Exception")) or any(_is_error(base, bases) for base in bases.get(name, ()))


def test_only_the_tests_of_benchmarks_import_benchmarks() -> None:
    """And the package imports neither benchmarks nor tests, which its wheel doesn't hold."""
    tests = [path for path in (ROOT / "tests").rglob("*.py") if path.parent != ROOT / "tests" / "benchmarks"]
    assert "benchmarks.quality" in named_by(ROOT / "tests" / "benchmarks" / "test_quality.py")
    assert [path for path in tests if _imports(path, {"benchmarks"})] == []
    assert [path for path in MODULES.values() if _imports(path, {"benchmarks", "tests"})] == []


def _imports(path: Path, packages: set[str]) -> bool:
    return bool({name.split(".")[0] for name in named_by(path)} & packages)


def test_no_module_needs_one_that_needs_it() -> None:
    assert "seekpoint.query.search.question" in NEEDS["seekpoint.query.search.pipeline"]
    assert "seekpoint.indexer.build_options" in NEEDS["seekpoint.cli.build"]
    assert [*TopologicalSorter(NEEDS).static_order()]  # which raises CycleError


@pytest.mark.parametrize("name", LINKS)
@pytest.mark.slow
def test_the_links_at_the_top_lead_into_the_package_and_nothing_imports_through_them(name: str) -> None:
    assert (ROOT / name).is_symlink()
    assert (ROOT / name).resolve() == PACKAGE / name
    files = [*MODULES.values(), *(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
    files += (ROOT / "examples").rglob("*.py")
    assert not [path for path in files if name in {named.split(".")[0] for named in named_by(path)}]


@pytest.mark.parametrize(
    "arguments", [[], ["--help"], *([name, "--help"] for name in cli.list_commands(click.Context(cli))), ["status"]]
)
def test_the_front_door_is_light(arguments: list[str], tmp_path: Path) -> None:
    if arguments == ["status"]:
        build(tmp_path)
        arguments = ["status", "--index", str(tmp_path)]
    assert heavy_modules_after(f"if {arguments}: cli({arguments}, standalone_mode=False)") == []


def heavy_modules_after(statement: str) -> list[str]:
    """What takes long to import and was imported when a statement has run, in a process of its own."""
    imports = "import json, seekpoint\nfrom seekpoint.cli.main import cli"
    ran = run_script(f"{imports}\n{statement}\nprint(json.dumps(sorted({HEAVY} & sys.modules.keys())))")
    found: list[str] = json.loads(ran.stdout.splitlines()[-1])
    return found


def test_importing_the_package_imports_nothing_else_of_it() -> None:
    ran = run_script("import seekpoint\nprint([name for name in sys.modules if name.startswith('seekpoint.')])")
    assert ran.stdout.strip() == "[]"


def test_all_that_is_public_is_there_and_listed() -> None:
    assert all(getattr(seekpoint, name).__name__ == name for name in seekpoint.__all__)
    assert set(seekpoint.__all__) <= set(dir(seekpoint))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        seekpoint.nothing  # noqa: B018
    public = {name for name in dir(seekpoint.Library) if not name.startswith("_")}
    assert public == {"ask", "close", "resources", "status", "transcript"}


def test_every_command_and_option_has_a_help_text() -> None:
    context = click.Context(cli)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        assert command.help
        options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
        assert all(option.help for option in options), name
