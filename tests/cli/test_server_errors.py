"""What goes wrong with a server is told by the commands as docs/scale.md says, in one line."""

from __future__ import annotations

import re
import shutil
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
from tests.postgres import LOCKED, PROGRAMS, TestServer, server, server_folder
from tests.readme import DOCS

pytestmark = pytest.mark.slow

SHOWN = "postgresql://db/talks"
PAGE = "https://example.org/讲座"
HOLE = "…"


@pytest.fixture
def library(postgres: TestServer) -> ServerAddress:
    return on_a_server(postgres)


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


def test_no_server() -> None:
    for command in (["ask", "掩码"], ["status"], ["build", PAGE]):
        is_as_documented("no server, or it is stopped", *command, address="postgresql://127.0.0.1:1/talks")


def test_a_wrong_password(postgres: TestServer, library: ServerAddress, monkeypatch: pytest.MonkeyPatch) -> None:
    postgres.sql("postgres", f"DROP ROLE IF EXISTS {LOCKED}", f"CREATE ROLE {LOCKED} LOGIN PASSWORD 'right'")
    monkeypatch.setenv("PGPASSWORD", "wrong")
    is_as_documented("a wrong password, or an unknown role", "ask", "mask", address=as_role(library, LOCKED))


def test_no_database_and_no_library(postgres: TestServer) -> None:
    is_as_documented("no such database", "ask", "mask", address=ServerAddress(postgres.uri("nowhere")))
    is_as_documented("no library in the database", "ask", "mask", address=postgres.library())


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


@pytest.fixture
def lone(postgres: TestServer) -> Iterator[TestServer]:
    """A server that a test may stop, restart and kill."""
    assert postgres, "else it is skipped"
    with server() as running:
        yield running


def restart(running: TestServer, *options: str) -> None:
    running.control("-m", "fast", "stop")
    running.control("-l", str(running.folder.with_name("log")), *options, "start")


def test_a_missing_extension(lone: TestServer) -> None:
    address = ServerAddress(lone.uri(lone.database()))
    with without_vector() as program:
        restart(lone, "-p", str(program))
        is_as_documented("an extension that isn't installed", "init", address=address)


def test_an_extension_that_is_not_loaded(lone: TestServer) -> None:
    addresses = lone.library(), ServerAddress(lone.uri(lone.database()))
    restart(lone, "-o", "-cshared_preload_libraries=")
    for address in addresses:
        is_as_documented("pg_textsearch isn't loaded at the start", "init", address=address)


def test_extensions_are_created_by_a_superuser(postgres: TestServer) -> None:
    address = ServerAddress(postgres.uri(postgres.database(), "plain"))
    postgres.sql("postgres", "DROP ROLE IF EXISTS plain", "CREATE ROLE plain LOGIN")
    postgres.sql("postgres", f"ALTER DATABASE {database(address)} OWNER TO plain")
    is_as_documented("extensions that a superuser has to create", "init", address=address)


def test_a_replica(postgres: TestServer, library: ServerAddress) -> None:
    with postgres.replica() as replica:
        address = ServerAddress(library.uri.replace(f":{postgres.port}/", f":{replica.port}/"))
        for command in (["build", PAGE], ["remove", "zhuyili0001"]):
            is_as_documented("a change on a replica", *command, address=address)


def test_a_newer_schema(postgres: TestServer, library: ServerAddress) -> None:
    postgres.sql(database(library), "INSERT INTO seekpoint.migration VALUES (99)")
    for command in (["ask", "掩码"], ["build", PAGE]):
        is_as_documented("a library that a newer Seekpoint made", *command, address=library)


def test_another_model(postgres: TestServer) -> None:
    address = postgres.library()
    create_library(address, ModelCard("intfloat/multilingual-e5-small", 384, "made-by-hand"))
    is_as_documented("another model", "build", PAGE, "--model", "BAAI/bge-m3", address=address)


def test_a_server_that_goes_away_in_the_middle_of_a_build(lone: TestServer, httpserver: HTTPServer) -> None:
    address = on_a_server(lone)

    def vanish(request: Request) -> Response:
        lone.kill()
        return Response("", 404)

    httpserver.expect_request("/robots.txt").respond_with_data(status=404)
    httpserver.expect_request("/讲座").respond_with_handler(vanish)
    web = LocalWeb(httpserver.url_for("").rstrip("/"), "https://example.org")
    is_as_documented("a server that goes away in the middle of a build", "build", PAGE, address=address, web=web)


def test_every_documented_error_is_provoked() -> None:
    source = Path(__file__).read_text("utf-8")
    assert len(documented()) == 11
    assert all(f'"{case}"' in source for case in documented())
