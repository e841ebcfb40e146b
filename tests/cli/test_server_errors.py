"""What docs/scale.md shows: a walk from nothing to an answer, and the line that tells what is wrong with a server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from seekpoint.index.address import ServerAddress
from seekpoint.index.open import create_library
from seekpoint.index.types import ModelCard
from tests.cli.here import as_role, call, database
from tests.index.contract.talks import on_a_server
from tests.local_web import LocalWeb
from tests.paths import ROOT
from tests.postgres import LOCKED, PROGRAMS, TestServer, server, server_folder
from tests.readme import DOCS

pytestmark = pytest.mark.slow

SHOWN = "postgresql://db/talks"
PAGE = "https://example.org/讲座"
HOLE = "…"


def documented() -> dict[str, str]:
    """The rows of the table of errors: what is wrong, and what is said."""
    [section] = re.findall(r"(?ms)^## When something is wrong$(.*?)(?=^## |\Z)", (DOCS / "scale.md").read_text("utf-8"))
    return {
        case.strip(): line for case, line in re.findall(r"(?m)^\| ([^|`]+) \| `` ?(seekpoint: .+?) ?`` \|", section)
    }


def is_as_documented(case: str, *command: object, address: object, web: LocalWeb | None = None) -> None:
    """Compare the line of a command's error with the documented one, in which the address is that of the page."""
    where = [address] if command == ("init",) else ["--index", address]
    result = call(*command, *where, web=web)
    assert result.exit_code == 1, result
    line = result.stderr.splitlines()[-1].replace(str(address), SHOWN)
    pattern = ".+".join(map(re.escape, documented()[case].split(HOLE)))
    assert re.fullmatch(pattern, line)


@contextmanager
def without_vector() -> Iterator[Path]:
    """PostgreSQL's program in a folder where an extension is missing, as where it isn't installed."""
    with server_folder() as folder:
        programs, extensions = folder / "lib/postgresql/17/bin", folder / "share/postgresql/17/extension"
        programs.mkdir(parents=True)
        extensions.mkdir(parents=True)
        shutil.copy(PROGRAMS / "postgres", programs)
        (programs.parent / "lib").symlink_to(PROGRAMS.parent / "lib")
        shared = Path("/usr/share/postgresql/17")
        for source in [*shared.iterdir(), *(shared / "extension").iterdir()]:
            if source.name not in ("extension", "vector.control"):
                (folder / source.relative_to("/usr")).symlink_to(source)
        yield programs / "postgres"


def restart(running: TestServer, *options: str) -> None:
    running.control("-m", "fast", "stop")
    running.control("-l", str(running.folder.with_name("log")), *options, "start")


ASK, BUILD = ("ask", "掩码"), ("build", PAGE)


def test_what_is_wrong_with_a_library_is_said_as_documented(
    postgres: TestServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for command in (ASK, ("status",), BUILD):
        is_as_documented("no server, or it is stopped", *command, address="postgresql://127.0.0.1:1/talks")
    is_as_documented("no such database", *ASK, address=ServerAddress(postgres.uri("nowhere")))
    empty = postgres.library()
    is_as_documented("no library in the database", *ASK, address=empty)
    create_library(empty, ModelCard("intfloat/multilingual-e5-small", 384, "made-by-hand"))
    is_as_documented("another model", *BUILD, "--model", "BAAI/bge-m3", address=empty)

    plain = ServerAddress(postgres.uri(postgres.database(), "plain"))
    postgres.sql("postgres", "DROP ROLE IF EXISTS plain", "CREATE ROLE plain LOGIN")
    postgres.sql("postgres", f"ALTER DATABASE {database(plain)} OWNER TO plain")
    is_as_documented("extensions that a superuser has to create", "init", address=plain)

    library = on_a_server(postgres)
    with postgres.replica() as replica:
        address = ServerAddress(library.uri.replace(f":{postgres.port}/", f":{replica.port}/"))
        for command in (BUILD, ("remove", "zhuyili0001")):
            is_as_documented("a change on a replica", *command, address=address)
    postgres.sql(database(library), "INSERT INTO seekpoint.migration VALUES (99)")
    for command in (ASK, BUILD):
        is_as_documented("a library that a newer Seekpoint made", *command, address=library)
    postgres.sql("postgres", f"DROP ROLE IF EXISTS {LOCKED}", f"CREATE ROLE {LOCKED} LOGIN PASSWORD 'right'")
    monkeypatch.setenv("PGPASSWORD", "wrong")
    is_as_documented("a wrong password, or an unknown role", *ASK, address=as_role(library, LOCKED))


def test_what_is_wrong_with_the_server_is_said_as_documented(postgres: TestServer, httpserver: HTTPServer) -> None:
    assert postgres, "else it is skipped"
    with server() as lone:
        library, empty, bare = on_a_server(lone), lone.library(), ServerAddress(lone.uri(lone.database()))
        with without_vector() as program:
            restart(lone, "-p", str(program))
            is_as_documented("an extension that isn't installed", "init", address=bare)
        restart(lone, "-o", "-cshared_preload_libraries=")
        for address in (empty, bare):
            is_as_documented("pg_textsearch isn't loaded at the start", "init", address=address)
        restart(lone)

        def vanish(request: Request) -> Response:
            lone.kill()
            return Response("", 404)

        httpserver.expect_request("/robots.txt").respond_with_data(status=404)
        httpserver.expect_request("/讲座").respond_with_handler(vanish)
        web = LocalWeb(httpserver.url_for("").rstrip("/"), "https://example.org")
        is_as_documented("a server that goes away in the middle of a build", *BUILD, address=library, web=web)
    source = Path(__file__).read_text("utf-8")
    assert len(documented()) == 11
    assert all(f'"{case}"' in source for case in documented())


_END = "-- end of a command --"


@pytest.mark.model
def test_the_walk_is_what_a_terminal_shows(postgres: TestServer) -> None:
    page = (DOCS / "scale.md").read_text("utf-8")
    [section] = re.findall(r"(?ms)^## From nothing to an answer$(.*?)^## ", f"{page}## ")
    text = "".join(re.findall(r"(?ms)^```console\n(.*?)^```$", section))
    commands = re.findall(r"(?ms)^\$ ([^\n]*)\n(.*?)(?=^\$ |\Z)", text)
    assert len(commands) == 6
    script = "".join(f"{command}\necho '{_END}'\n" for command, _ in commands)
    path = os.pathsep.join([str(Path(sys.executable).parent), str(PROGRAMS), os.environ["PATH"]])
    assert postgres, "else it is skipped"
    with server() as running:
        port = str(running.port)
        environment = {**os.environ, "PATH": path, "PGHOST": "127.0.0.1", "PGPORT": port, "PGUSER": "postgres"}
        command = ["bash", "-e", "-c", script.replace("//host/", f"//127.0.0.1:{port}/")]
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    printed = done.stdout.replace(str(ROOT), "/home/you/seekpoint").split(f"{_END}\n")
    for (command, shown), line in zip(commands, printed, strict=False):
        assert re.fullmatch("[^\n]+".join(map(re.escape, shown.split(HOLE))), line), command
