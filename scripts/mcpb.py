"""The bundle of `seekpoint mcp` for assistants with a list of extensions (MCPB): `python -m scripts.mcpb FILE`."""

from __future__ import annotations

import asyncio
import json
import sys
import tomllib
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from seekpoint.query.mcp.mcp_server import make_server
from seekpoint.query.serving.live_library import LiveLibrary

_ROOT = Path(__file__).resolve().parent.parent
_STARTER = "server/main.py"
_LONG = (
    "Seekpoint indexes a list of links once: videos, podcasts, articles, papers, books and notes. Make a library of "
    "yours first: `uvx seekpoint build my-list.md --index FOLDER` in a terminal. Then choose that folder here."
)


def manifest() -> dict[str, Any]:
    """The manifest, from server.json, pyproject.toml and the server's own tools."""
    listed = json.loads((_ROOT / "server.json").read_text("utf-8"))
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    package = listed["packages"][0]
    command, index = (argument.get("value") or argument["name"] for argument in package["packageArguments"])
    requirement = f"{package['identifier']}=={package['version']}"
    tools = asyncio.run(make_server(LiveLibrary(_ROOT / "library")).list_tools())  # no question opens the library
    return {
        "manifest_version": "0.3",
        "name": package["identifier"],
        "display_name": listed["title"],
        "version": listed["version"],
        "description": listed["description"],
        "long_description": _LONG,
        "author": project["authors"][0],
        "license": project["license"],
        "keywords": project["keywords"],
        "server": {
            "type": "python",
            "entry_point": _STARTER,
            "mcp_config": {
                "command": "python3",
                "args": [f"${{__dirname}}/{_STARTER}", requirement, command, index, "${user_config.library}"],
                "platform_overrides": {"win32": {"command": "python"}},
            },
        },
        "tools": [{"name": tool.name, "description": _first_sentence(tool.description or "")} for tool in tools],
        "prompts_generated": True,
        "compatibility": {"platforms": ["darwin", "linux", "win32"], "runtimes": {"python": ">=3.9"}},
        "user_config": {
            "library": {
                "type": "directory",
                "title": "Library",
                "description": "The folder that `seekpoint build --index FOLDER` made",
                "required": True,
            }
        },
    }


def _first_sentence(text: str) -> str:
    return text.partition(". ")[0].rstrip(".")


def write_bundle(file: Path) -> None:
    """Write the bundle: the manifest, and what starts the server."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with ZipFile(file, "w", ZIP_DEFLATED) as bundle:
        bundle.writestr("manifest.json", json.dumps(manifest(), indent=2, ensure_ascii=False))
        bundle.write(_ROOT / "scripts" / "mcpb_server.py", _STARTER)


if __name__ == "__main__":
    write_bundle(Path(sys.argv[1]))
