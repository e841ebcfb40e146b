"""`server.json` for the registry of MCP servers, and the bundle that assistants install."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from mcp import Client, StdioServerParameters
from platformdirs import user_cache_path

from seekpoint.query.mcp.mcp_server import make_server
from seekpoint.query.serving.live_library import LiveLibrary
from tests.cli.here import call
from tests.paths import ROOT
from tests.query.mcp.sessions import session

LISTED = json.loads((ROOT / "server.json").read_text("utf-8"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
# A Seekpoint of this checkout, as it would be installed.
PROGRAM = f"#!{sys.executable}\nimport sys\nsys.path.insert(0, {str(ROOT)!r})\n"
RUN = "from seekpoint.__main__ import main\nmain()\n"


def test_the_entry_for_the_registry_keeps_to_its_schema() -> None:
    """That of 2025-12-11, and what the registry checks beside it."""
    assert LISTED.keys() == {"$schema", "name", "title", "description", "version", "packages"}
    assert LISTED["$schema"] == "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"
    label = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
    assert re.fullmatch(rf"{label}(\.{label})+/[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", LISTED["name"])
    assert 3 <= len(LISTED["name"]) <= 200
    assert 1 <= len(LISTED["title"].strip()) <= 100 and 1 <= len(LISTED["description"].strip()) <= 100
    (package,) = LISTED["packages"]
    assert (package["registryType"], package["identifier"]) == ("pypi", PROJECT["name"])
    assert LISTED["version"] == package["version"] == PROJECT["version"]
    assert re.fullmatch(r"\d+(\.\d+)+\S*", package["version"]), "a version, no range and no tag"
    assert package["runtimeHint"] == "uvx" and package["transport"] == {"type": "stdio"}
    input_fields = {"description", "format", "value", "isRequired", "isSecret", "default", "placeholder", "choices"}
    for given in (*package["packageArguments"], *package["environmentVariables"]):
        assert given.keys() <= input_fields | {"type", "name", "valueHint", "isRepeated"}
        assert given.get("format", "string") in ("string", "number", "boolean", "filepath")
    for argument in package["packageArguments"]:
        needed = {"positional": {"value", "valueHint"}, "named": {"name"}}[argument["type"]]
        assert needed & argument.keys()
    # By which the registry knows that the package on PyPI is of whoever lists it.
    assert f"<!-- mcp-name: {LISTED['name']} -->" in (ROOT / "README.md").read_text("utf-8")


def test_the_arguments_of_the_registry_are_those_of_the_program() -> None:
    """Nothing is listed that `seekpoint` refuses; clients write a named argument with a space or `=`."""
    command, index = LISTED["packages"][0]["packageArguments"]
    for words in ([index["name"], "/nowhere"], [f"{index['name']}=/nowhere"]):
        ran = call(command["value"], *words)
        assert ran.exit_code == 1 and "there is no library in /nowhere" in ran.stderr, ran


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which a client unpacks the bundle."""
    folder = tmp_path_factory.mktemp("bundle")
    made = [sys.executable, "-m", "scripts.mcpb", str(folder / "made" / "seekpoint.mcpb")]
    subprocess.run(made, cwd=ROOT, check=True)
    with ZipFile(folder / "made" / "seekpoint.mcpb") as archive:
        archive.extractall(folder / "unpacked")
    return folder / "unpacked"


def manifest(bundle: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((bundle / "manifest.json").read_text("utf-8"))
    return document


def test_the_bundle_says_what_the_server_says(bundle: Path) -> None:
    told = manifest(bundle)
    server = make_server(LiveLibrary(bundle))
    served = session(server, lambda client: client.list_tools()).tools
    assert [tool["name"] for tool in told["tools"]] == [tool.name for tool in served]
    for tool, own in zip(told["tools"], served, strict=True):
        assert 20 < len(tool["description"]) < 200 and (own.description or "").startswith(tool["description"])
    assert (told["name"], told["version"]) == (PROJECT["name"], PROJECT["version"])
    assert (bundle / told["server"]["entry_point"]).is_file()
    # What version 0.3 of the manifest has to have; it allows no field that it doesn't know.
    assert told["manifest_version"] == "0.3" and told.keys() >= {"name", "version", "description", "author", "server"}
    assert told["server"].keys() == {"type", "entry_point", "mcp_config"} and told["server"]["type"] == "python"


def started(bundle: Path, library: Path, home: Path) -> StdioServerParameters:
    """What a client starts for a bundle, with the values of its user; it has a short PATH."""
    config = manifest(bundle)["server"]["mcp_config"]
    values = {"${__dirname}": str(bundle), "${user_config.library}": str(library)}
    words = [re.sub(r"\$\{[^}]+\}", lambda found: values[found[0]], word) for word in config["args"]]
    cache = str(user_cache_path("seekpoint").parent)  # where the model is unpacked
    variables = {"HOME": str(home), "PATH": os.defpath, "XDG_CACHE_HOME": cache}
    return StdioServerParameters(command=config["command"], args=words, env=variables, cwd=home)


@pytest.mark.model
@pytest.mark.skipif(os.name != "posix", reason="the stand-ins for programs are scripts of Unix")
@pytest.mark.parametrize("program", ["seekpoint", "uvx"])
def test_the_bundle_starts_the_installed_program_or_else_the_package_by_uv(
    program: str, bundle: Path, example_library: Path, tmp_path: Path
) -> None:
    file = tmp_path / ".local" / "bin" / program
    file.parent.mkdir(parents=True)
    asked = f"import os\nassert sys.argv.pop(1) == {requirement()!r}\n"
    asked += "assert os.environ.get('UV_TORCH_BACKEND') == ('auto' if sys.platform == 'linux' else None)\n"
    file.write_text(PROGRAM + asked * (program == "uvx") + RUN, "utf-8")
    file.chmod(0o755)

    async def talk(client: Client) -> Sequence[Any]:
        assert client.server_info and client.server_info.name == "seekpoint"
        listed = await client.list_tools()
        answer = await client.call_tool("ask", {"question": "Why do we need three matrices for queries and keys?"})
        return [[tool.name for tool in listed.tools], answer.structured_content]

    names, answer = session(started(bundle, example_library, tmp_path), talk)
    assert names == [tool["name"] for tool in manifest(bundle)["tools"]]
    assert "matrices" in json.dumps(answer["passages"][0])


def has_uv_for_all() -> bool:
    return shutil.which("uvx", path=os.pathsep.join(["/opt/homebrew/bin", "/usr/local/bin"])) is not None


def requirement() -> str:
    return f"{PROJECT['name']}=={PROJECT['version']}"


@pytest.mark.skipif(os.name != "posix" or has_uv_for_all(), reason="uv is found wherever one looks")
def test_the_bundle_says_what_to_install_where_nothing_is(bundle: Path, tmp_path: Path) -> None:
    starter = bundle / manifest(bundle)["server"]["entry_point"]
    environment = {"HOME": str(tmp_path), "PATH": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, starter, requirement(), "mcp"], env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1 and ran.stdout == "" and "Traceback" not in ran.stderr
    assert "neither seekpoint nor uvx is found: install uv" in ran.stderr
