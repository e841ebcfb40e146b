"""`seekpoint mcp --install` changes one entry of a client's settings, and nothing that somebody else wrote."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from mcp import Client as Assistant
from mcp import StdioServerParameters

from seekpoint.cli.mcp_clients import (
    CLIENTS,
    Client,
    difference,
    entry,
    find_client,
    installed,
    program,
    read_settings,
    uninstalled,
    write_settings,
)
from seekpoint.index.address import parse_address
from seekpoint.index.errors import SeekpointError, UsageError
from tests.cli.here import MAIN, Ran, Terminal, call, needs_terminal, one_line
from tests.index.libraries import build
from tests.query.mcp.sessions import session

HOME = Path("/home/me")
LINUX, MAC, WINDOWS = "linux", "darwin", "win32"
OTHER = {"command": "weather", "args": [], "env": {"KEY": "sk-secret"}}
SERVER = {"command": "/bin/seekpoint", "args": ["mcp", "--index", "/资料/讲座"]}
CURSOR = find_client("cursor", LINUX, HOME, {})


@pytest.mark.parametrize(
    ("name", "platform", "environment", "file"),
    [
        *(("claude-code", platform, {}, ".claude.json") for platform in (LINUX, MAC, WINDOWS)),
        *(("cursor", platform, {}, ".cursor/mcp.json") for platform in (LINUX, MAC, WINDOWS)),
        ("claude-desktop", LINUX, {}, ".config/Claude/claude_desktop_config.json"),
        ("claude-desktop", MAC, {}, "Library/Application Support/Claude/claude_desktop_config.json"),
        ("claude-desktop", WINDOWS, {}, "AppData/Roaming/Claude/claude_desktop_config.json"),
        ("claude-desktop", WINDOWS, {"APPDATA": "/漫游"}, "/漫游/Claude/claude_desktop_config.json"),
        ("vscode", LINUX, {}, ".config/Code/User/mcp.json"),
        ("vscode", LINUX, {"XDG_CONFIG_HOME": "/etc/me"}, "/etc/me/Code/User/mcp.json"),
        ("vscode", MAC, {}, "Library/Application Support/Code/User/mcp.json"),
        ("vscode", WINDOWS, {"APPDATA": "/roaming"}, "/roaming/Code/User/mcp.json"),
    ],
)
def test_each_client_has_its_file_on_each_system(
    name: str, platform: str, environment: Mapping[str, str], file: str
) -> None:
    client = find_client(name, platform, HOME, environment)
    assert client.file == HOME / file
    assert client.key == ("servers" if name == "vscode" else "mcpServers")
    server = entry(client, ["/bin/seekpoint"], parse_address("/资料/讲座"))
    assert server == ({"type": "stdio"} if name in ("claude-code", "vscode") else {}) | SERVER
    assert json.loads(installed("", client, server)) == {client.key: {"seekpoint": server}}


def test_the_entry_starts_this_program_with_the_library_in_full(tmp_path: Path) -> None:
    assert program(tmp_path, "/bin/python") == ["/bin/python", "-m", "seekpoint"]
    for name in ("seekpoint.exe", "seekpoint"):
        (tmp_path / name).touch()
        assert program(tmp_path, "/bin/python") == [str(tmp_path / name)]
    started = entry(CURSOR, ["/bin/python", "-m", "seekpoint"], Path("讲座"), ["--add"])
    wanted = ["-m", "seekpoint", "mcp", "--index", str(Path.cwd() / "讲座"), "--add"]
    assert started == {"command": "/bin/python", "args": wanted}
    for address in ("postgresql://me@db:5432/talks?sslmode=require&library=maths", "postgresql:///talks"):
        assert entry(CURSOR, ["/bin/seekpoint"], parse_address(address))["args"][2] == address


@pytest.mark.parametrize("address", ["postgresql://me:hunter2@db/talks", "postgresql://db/talks?password=hunter2"])
def test_a_password_is_not_written(address: str, tmp_path: Path) -> None:
    (tmp_path / ".cursor").mkdir()
    said = one_line(at_home(tmp_path, "--install", "cursor", "--yes", "--index", address), "~/.pgpass", exit_code=2)
    assert "hunter2" not in said and not (tmp_path / ".cursor" / "mcp.json").exists()


INDENTED = (
    '{\n  "theme": "暗",\n  "mcpServers": {\n    "weather": {\n      "command": "x"\n    }\n  },\n  "n": 1.50\n}\n'
)
TEXTS = {
    "indented": INDENTED,
    "by four": INDENTED.replace("  ", "    "),
    "tabs": INDENTED.replace("  ", "\t"),
    "Windows": INDENTED.replace("\n", "\r\n"),
    "no newline at the end": INDENTED.rstrip(),
    "one line": json.dumps({"a": "\u202e", "mcpServers": {"weather": OTHER}}),
    "compact": json.dumps({"mcpServers": {"weather": OTHER}, "b": 1e300}, separators=(",", ":")),
    "half": '{\n "mcpServers": {"weather": {"command": "x"}},\n "a": [1,2,\n3]\n}',
    "no other server": '{\n  "mcpServers": {},\n  "a": "}{\\"seekpoint\\": 1"\n}\n',
    "in one line, no other server": '{"mcpServers": {}, "a": 1}',
    "twice": '{"mcpServers": {"lost": {}}, "mcpServers": {"weather": {}}}',
}


@pytest.mark.parametrize("name", TEXTS)
def test_all_else_stays_byte_for_byte_and_the_server_is_taken_out_again(name: str) -> None:
    text = TEXTS[name]
    after = installed(text, CURSOR, SERVER)
    was, now = json.loads(text), json.loads(after)
    assert now["mcpServers"].pop("seekpoint") == SERVER and now == was
    # Something was put in at one place, and nothing else changed.
    assert any(after.startswith(text[:at]) and after.endswith(text[at:]) for at in range(len(text)))
    assert after.count("\r\n") == (after.count("\n") if name == "Windows" else 0)
    assert installed(after, CURSOR, SERVER) == after
    assert uninstalled(after, CURSOR) == text == uninstalled(text, CURSOR)


def test_the_entry_is_written_as_the_file_is() -> None:
    after = installed(TEXTS["tabs"], CURSOR, SERVER)
    assert '\t"mcpServers": {\n\t\t"seekpoint": {\n\t\t\t"command": "/bin/seekpoint",\n\t\t\t"args": [\n' in after
    assert '\n\t\t\t]\n\t\t},\n\t\t"weather": {\n' in after
    assert installed('{"a": 1}', CURSOR, {"command": "x"}) == (
        '{"mcpServers": {"seekpoint": {"command": "x"}}, "a": 1}'
    )
    for empty in ("", " \n", "{}", "{}\n"):
        assert installed(empty, CURSOR, {"command": "x"}).startswith(
            '{\n  "mcpServers": {\n    "seekpoint": {\n      "c'
        )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"command": "old", "args": [], "env": {"PGPASSWORD": "x"}}, SERVER | {"env": {"PGPASSWORD": "x"}}),
        ({"type": "http", "url": "http://127.0.0.1:8765/mcp", "headers": {}}, SERVER),
        ("nonsense", SERVER),
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_an_older_entry_is_replaced_where_it_is(old: object, new: object, indent: int | None) -> None:
    text = json.dumps({"mcpServers": {"a": OTHER, "seekpoint": old, "b": OTHER}}, indent=indent)
    after = installed(text, CURSOR, SERVER)
    assert [*json.loads(after)["mcpServers"].items()] == [("a", OTHER), ("seekpoint", new), ("b", OTHER)]
    assert json.loads(uninstalled(after, CURSOR)) == {"mcpServers": {"a": OTHER, "b": OTHER}}
    last = json.dumps({"mcpServers": {"a": OTHER, "seekpoint": old}}, indent=indent)
    assert uninstalled(last, CURSOR) == json.dumps({"mcpServers": {"a": OTHER}}, indent=indent)


def test_an_entry_that_says_the_same_in_another_form_stays() -> None:
    text = '{"mcpServers": {"seekpoint": {\n  "args": ["mcp",\n"--index", "/资料/讲座"], "command": "/bin/seekpoint"}}}'
    assert installed(text, CURSOR, SERVER) == text


@pytest.mark.parametrize("name", TEXTS)
def test_the_difference_shows_the_entry_and_no_secret_of_another_server(name: str) -> None:
    after = installed(TEXTS[name], CURSOR, SERVER)
    lines = difference(CURSOR, TEXTS[name], after)
    assert any(line.strip("+ ") == '"/资料/讲座"' for line in lines)
    assert not any("sk-secret" in line or "weather" in line for line in lines)
    assert all(line[:1] in "+-@" for line in lines)


MALFORMED = {
    "not JSON": (b"servers: none", "isn't JSON without comments (line 1, column 1)"),
    "cut": (b'{"mcpServers": {', "isn't JSON without comments"),
    "comments": (b'{\n  // mine\n  "mcpServers": {}\n}', "isn't JSON without comments (line 2, column 3)"),
    "a comma too many": (b'{"mcpServers": {},}', "isn't JSON without comments"),
    "too deep": (b"[" * 100_000, "isn't JSON without comments"),
    "a list": (b"[]", "isn't a JSON object"),
    "a number": (b"1", "isn't a JSON object"),
    "servers are a list": (b'{"mcpServers": []}', 'has something other than an object as "mcpServers"'),
    "servers are null": (b'{"mcpServers": null}', 'has something other than an object as "mcpServers"'),
    "Latin-1": ('{"mcpServers": {}, "a": "é"}'.encode("latin-1"), "isn't in UTF-8"),
    "UTF-16": ("{}".encode("utf-16"), "isn't in UTF-8"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "begins with a byte order mark"),
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a library, and with the folders of Claude Code and Cursor."""
    home = tmp_path / "家"
    for name in (".claude", ".cursor"):
        (home / name).mkdir(parents=True)
    build(home / "讲座")
    return home


def folders(home: Path) -> dict[str, str]:
    return {"APPDATA": str(home / "漫游"), "XDG_CONFIG_HOME": str(home / "设置")}


def at_home(home: Path, *arguments: object) -> Ran:
    about = {"HOME": str(home), "USERPROFILE": str(home), "SEEKPOINT_INDEX": str(home / "讲座")}
    return call("mcp", *arguments, web=None, **folders(home), **about)


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_settings_end_in_one_line_and_stay(name: str, home: Path) -> None:
    data, reason = MALFORMED[name]
    file = home / ".cursor" / "mcp.json"
    file.write_bytes(data)
    for option in ("--install", "--uninstall"):
        said = one_line(at_home(home, option, "cursor", "--yes"), f"{file} {reason}", "stays as it is: ")
        assert ("by hand" in said) == ("JSON" in reason or "object" in reason)
        assert ('"args": ["mcp", "--index", ' in said) == ("by hand" in said and option == "--install")
    assert file.read_bytes() == data and [*file.parent.iterdir()] == [file]
    listed = at_home(home, "--install")
    assert listed.exit_code == 0 and f"cursor: {file} {reason}" in listed.stdout


def test_what_is_no_file_ends_in_one_line(home: Path) -> None:
    file = home / ".cursor" / "mcp.json"
    file.mkdir()
    one_line(at_home(home, "--install", "cursor", "--yes"), f"{file} can't be read (", "make it a file")
    file.rmdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(file)
        one_line(at_home(home, "--install", "cursor", "--yes"), "it is a device or a pipe, not a file")
        file.unlink()
    file.parent.rmdir()
    one_line(at_home(home, "--install", "cursor", "--yes"), f"the client isn't found at {file.parent}: start it once")
    assert not file.parent.exists()
    file.parent.write_text("")
    one_line(at_home(home, "--install", "cursor", "--yes"), f"{file}")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="no file is closed to this user")
def test_a_file_that_may_not_be_read_ends_in_one_line(home: Path) -> None:
    file = home / ".cursor" / "mcp.json"
    file.touch(0o000)
    one_line(at_home(home, "--install", "cursor", "--yes"), f"{file} can't be read (Permission denied)")


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_is_set_up_once_and_undone(name: str, home: Path) -> None:
    client = find_client(name, sys.platform, home, folders(home))
    client.folder.mkdir(parents=True, exist_ok=True)
    first = at_home(home, "--install", name, "--yes")
    assert first.exit_code == 0 and first.stderr == "" and f"{client.file}: written" in first.stdout
    text = client.file.read_text("utf-8")
    server = json.loads(text)[client.key]["seekpoint"]
    assert Path(server["command"]).is_absolute() and server["args"][-2:] == ["--index", str(home / "讲座")]
    assert f"{name}: {client.file} names Seekpoint\n" in at_home(home, "--install").stdout
    again = at_home(home, "--install", name)
    assert again == Ran(0, f"{client.file}: nothing to change\n", "")
    assert client.file.read_text("utf-8") == text and not copy_of(client.file).exists()
    assert at_home(home, "--uninstall", name, "--yes").exit_code == 0
    assert json.loads(client.file.read_text("utf-8"))[client.key] == {}
    assert copy_of(client.file).read_text("utf-8") == text
    assert f"{name}: {client.file} does not name Seekpoint\n" in at_home(home, "--install", "list").stdout
    assert at_home(home, "--uninstall", name) == Ran(0, f"{client.file}: nothing to change\n", "")


@pytest.mark.slow
@pytest.mark.parametrize("name", CLIENTS)
def test_what_is_written_starts_the_server_for_a_client_that_knows_nothing_else(name: str, home: Path) -> None:
    """In another folder, with a home of its own and the system's short PATH, as programs of a desktop have it."""
    client = find_client(name, sys.platform, home, folders(home))
    client.folder.mkdir(parents=True, exist_ok=True)
    assert at_home(home, "--install", name, "--yes").exit_code == 0
    server = json.loads(client.file.read_text("utf-8"))[client.key]["seekpoint"]
    assert server.pop("type", "stdio") == "stdio" and server.keys() == {"command", "args"}
    clean = home / "another"
    clean.mkdir()
    variables = {"HOME": str(clean), "USERPROFILE": str(clean), "PATH": os.defpath}

    async def talk(assistant: Assistant) -> list[str]:
        assert assistant.server_info and assistant.server_info.name == "seekpoint"
        counted = await assistant.call_tool("status")
        assert not counted.is_error and counted.structured_content["resources"] == 3
        return [tool.name for tool in (await assistant.list_tools()).tools]

    tools = session(StdioServerParameters(**server, env=variables, cwd=clean), talk)
    assert tools == ["ask", "transcript", "status", "list_resources", "new_moments"]
    assert [*clean.iterdir()] == [], "it leaves nothing behind"


def copy_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.before-seekpoint")


def test_nothing_is_written_without_a_yes(home: Path) -> None:
    file = home / ".claude.json"
    file.write_text(INDENTED, "utf-8")
    ran = at_home(home, "--install", "claude-code")
    assert ran.exit_code == 2 and '+    "seekpoint": {\n' in ran.stdout
    assert ran.stderr == f"seekpoint: nothing is written to {file}, for nobody can be asked here: give --yes\n"
    assert file.read_text("utf-8") == INDENTED and not copy_of(file).exists()


@needs_terminal
@pytest.mark.parametrize(("typed", "exit_code"), [("y\r", 0), ("\r", 1), ("nein\r", 1), ("\x04", 1), ("\x03", 130)])
def test_a_terminal_is_asked(typed: str, exit_code: int, home: Path) -> None:
    (home / ".claude.json").write_text(INDENTED, "utf-8")
    command = (sys.executable, "-c", MAIN, "mcp", "--install", "claude-code", "--index", str(home / "讲座"))
    terminal = Terminal(*command, HOME=str(home))
    terminal.wait_for(r"\+    \"seekpoint\": \{(?s:.*)Write this\? \[y/N\] ")
    terminal.type(typed)
    terminal.wait_for(r"written|stays as it is|interrupted")
    assert terminal.end() == exit_code
    assert ("seekpoint" in (home / ".claude.json").read_text("utf-8")) == (exit_code == 0)


@pytest.mark.skipif(os.name != "posix", reason="permissions and links of Unix")
def test_the_real_file_is_replaced_with_its_permissions(home: Path) -> None:
    real, link = home / "dotfiles.json", home / ".claude.json"
    real.write_text(INDENTED, "utf-8")
    real.chmod(0o640)
    link.symlink_to(real.name)
    assert at_home(home, "--install", "claude-code", "--yes").exit_code == 0
    assert link.is_symlink() and "seekpoint" in real.read_text("utf-8")
    assert copy_of(link).read_text("utf-8") == INDENTED
    assert [path.stat().st_mode & 0o777 for path in (real, copy_of(link))] == [0o640, 0o640]
    assert at_home(home, "--install", "cursor", "--yes").exit_code == 0
    assert (home / ".cursor" / "mcp.json").stat().st_mode & 0o777 == 0o600


def test_a_write_that_fails_leaves_the_settings(home: Path) -> None:
    file = home / ".cursor" / "mcp.json"
    file.write_text(INDENTED, "utf-8")
    copy_of(file).mkdir()
    ran = at_home(home, "--install", "cursor", "--yes")
    assert ran.exit_code == 1 and ran.stderr.startswith("seekpoint: ") and ran.stderr.count("\n") == 1
    assert file.read_text("utf-8") == INDENTED and sorted(file.parent.iterdir()) == [file, copy_of(file)]


def test_settings_that_changed_meanwhile_are_left_alone(tmp_path: Path) -> None:
    client = Client(tmp_path, tmp_path / "mcp.json")
    before = read_settings(client)
    assert before is None
    client.file.write_text("{}")
    with pytest.raises(SeekpointError, match="has changed meanwhile"):
        write_settings(client, before, "{ }")
    assert client.file.read_text() == "{}" and [*tmp_path.iterdir()] == [client.file]


def test_a_server_that_would_not_start_is_not_written(home: Path) -> None:
    nowhere = home / "nowhere"
    one_line(at_home(home, "--install", "cursor", "--yes", "--index", nowhere), "there is no library in")
    assert at_home(home, "--install", "cursor", "--yes", "--add", "--index", nowhere).exit_code == 0
    with pytest.raises(UsageError, match="settings are in UTF-8"):
        entry(CURSOR, ["/bin/seekpoint"], Path("/\udcff"))


@pytest.mark.parametrize(
    "arguments",
    [
        *(["--yes"], ["--install", "--uninstall", "cursor"], ["--install", "cursor", "--http"]),
        *(["--uninstall", "cursor", "--token", "0123456789abcdef"], ["--install", "--port", "80"]),
        *(["--install", "emacs"], ["--token", "0123456789abcdef"]),
    ],
)
def test_options_that_do_not_go_together_are_refused(arguments: list[str], home: Path) -> None:
    one_line(at_home(home, *arguments), "--", exit_code=2)
