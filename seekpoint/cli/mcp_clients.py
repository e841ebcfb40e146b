"""Seekpoint's server in the settings files of assistants' clients; all else in a file stays byte for byte."""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import Any

from seekpoint.cli.json_edits import value_of, with_member, without_member
from seekpoint.files import parsed_json, read_file, real_path, replacing
from seekpoint.index.address import DEFAULT_LIBRARY, Address
from seekpoint.index.errors import SeekpointError, UsageError
from seekpoint.index.text.clean import without_passwords

NAME = "seekpoint"
CLIENTS = ("claude-code", "claude-desktop", "cursor", "vscode")


@dataclass(frozen=True, slots=True)
class Client:
    """A client: the folder that it makes at its first start, its settings file, and the key of the servers in it."""

    folder: Path
    file: Path
    key: str = "mcpServers"
    names_transport: bool = False


def find_client(name: str, platform: str, home: Path, environment: Mapping[str, str]) -> Client:
    """The client of this name on a system that `sys.platform` calls `platform`."""
    if platform == "darwin":
        settings = home / "Library" / "Application Support"
    elif platform == "win32":
        settings = Path(environment.get("APPDATA") or home / "AppData" / "Roaming")
    else:
        settings = Path(environment.get("XDG_CONFIG_HOME") or home / ".config")
    return {
        "claude-code": Client(home / ".claude", home / ".claude.json", names_transport=True),
        "claude-desktop": Client(settings / "Claude", settings / "Claude" / "claude_desktop_config.json"),
        "cursor": Client(home / ".cursor", home / ".cursor" / "mcp.json"),
        "vscode": Client(settings / "Code", settings / "Code" / "User" / "mcp.json", "servers", names_transport=True),
    }[name]


def program(scripts: Path, python: str) -> list[str]:
    """The command that starts Seekpoint: its script, with its full path, or the interpreter with the module."""
    script = next((file for file in (scripts / "seekpoint", scripts / "seekpoint.exe") if file.is_file()), None)
    return [str(script)] if script else [python, "-m", "seekpoint"]


def entry(client: Client, program: Sequence[str], library: Address, options: Sequence[str] = ()) -> dict[str, Any]:
    """What the client's settings say of the server; raises UsageError if they would keep a password."""
    if isinstance(library, Path):
        address = str(library.absolute())
    else:
        address = library.uri
        if library.library != DEFAULT_LIBRARY:
            address += f"{'&' if '?' in address else '?'}library={library.library}"
        if without_passwords(address) != address:
            raise UsageError(
                f"the settings would keep the password of {library} readable: "
                "put it into ~/.pgpass or a service file, and give the address without it"
            )
    arguments = [*program[1:], "mcp", "--index", address, *options]
    try:
        "".join([program[0], *arguments]).encode()
    except UnicodeEncodeError:
        raise UsageError(f"settings are in UTF-8, and the path {library} isn't: give the folder another name") from None
    transport = {"type": "stdio"} if client.names_transport else {}
    return {**transport, "command": program[0], "args": arguments}


def installed(text: str, client: Client, entry: Mapping[str, Any]) -> str:
    """The settings with the server in them, and with what else the user has said of it, such as variables.

    Raises ValueError for a text that isn't a JSON object with an object of servers.
    """
    text = text if text.strip() else "{}\n"
    old = _servers(text, client).get(NAME)
    new = {**(old if isinstance(old, dict) and "url" not in old else {}), **entry}
    if new == old:
        return text
    top = text.index("{")
    if (servers := value_of(text, top, client.key)) is None:
        return with_member(text, top, client.key, {NAME: new})
    return with_member(text, servers, NAME, new)


def uninstalled(text: str, client: Client) -> str:
    """The settings without the server; raises ValueError as `installed` does."""
    servers = None
    if text.strip() and NAME in _servers(text, client):
        servers = value_of(text, text.index("{"), client.key)
    return text if servers is None else without_member(text, servers, NAME)


def difference(client: Client, before: str, after: str) -> list[str]:
    """The lines that change, of both settings with a value a line; no others, for they may hold secrets."""
    old, new = (
        json.dumps(json.loads(text), indent=2, ensure_ascii=False).splitlines() if text.strip() else []
        for text in (before, after)
    )
    return [*unified_diff(old, new, str(client.file), f"{client.file} (new)", n=0, lineterm="")]


def read_settings(client: Client) -> str | None:
    """The text of the settings file, `None` if there is none; raises SeekpointError, also if there is no client."""
    try:
        text = read_file(client.file).decode()
    except FileNotFoundError:
        if client.folder.is_dir():
            return None
        raise SeekpointError(f"the client isn't found at {client.folder}: start it once, then try again") from None
    except UnicodeDecodeError:
        raise SeekpointError(f"{client.file} isn't in UTF-8, and stays as it is: save it in UTF-8") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise SeekpointError(f"{client.file} can't be read ({reason}): make it a file that you may read") from error
    if text.startswith("\ufeff"):
        raise SeekpointError(f"{client.file} begins with a byte order mark, and stays as it is: save it without one")
    return text


def write_settings(client: Client, before: str | None, after: str) -> Path | None:
    """Replace the settings in one step; the path of the copy of those that were there before."""
    if read_settings(client) != before:
        raise SeekpointError(f"{client.file} has changed meanwhile, and stays as it is: run the command again")
    file, copy = real_path(client.file), client.file.with_name(f"{client.file.name}.before-seekpoint")
    client.file.parent.mkdir(exist_ok=True)
    mode = 0o600 if before is None else stat.S_IMODE(file.stat().st_mode)
    for path, text in ((copy, before), (file, after)):
        if text is not None:
            with replacing(path) as written:
                Path(written.name).chmod(mode)
                written.write(text.encode())
    return None if before is None else copy


def _servers(text: str, client: Client) -> dict[str, Any]:
    try:
        settings = parsed_json(text)
    except ValueError as error:
        place = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise ValueError(f"isn't JSON without comments{place}") from error
    if not isinstance(settings, dict):
        raise ValueError("isn't a JSON object")
    servers = settings.get(client.key, {})
    if not isinstance(servers, dict):
        raise ValueError(f'has something other than an object as "{client.key}"')
    return servers
