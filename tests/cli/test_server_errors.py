"""What goes wrong with a server is told by the commands as docs/scale.md says, in one line."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from seekpoint.cli.main import cli
from seekpoint.index.address import ServerAddress
from seekpoint.index.open import create_library
from seekpoint.index.types import ModelCard
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


def told(*arguments: object, web: LocalWeb | None = None) -> str:
    """The one line of a command's error."""
    result = CliRunner().invoke(cli, [*map(str, arguments)], obj=web and (lambda proxy, cookies: web))
    assert result.exit_code == 1, result.output
    line = result.stderr.splitlines()[-1]
    assert line.startswith("seekpoint: ")
    return line


def is_as_documented(case: str, line: str, address: object) -> None:
    """Compare a line with the documented one, in which the address is that of the page."""
    line = line.replace(str(address), SHOWN)
    pattern = ".+".join(map(re.escape, documented()[case].split(HOLE)))
    assert re.fullmatch(pattern, line)


def as_role(address: ServerAddress, role: str) -> ServerAddress:
    return ServerAddress(address.uri.replace("postgres@", f"{role}@"))


def test_no_server() -> None:
    nobody = "postgresql://127.0.0.1:1/talks"
    for command in (["ask", "掩码"], ["status"], ["build", PAGE]):
        is_as_documented("no server, or it is stopped", told(*command, "--index", nobody), nobody)


def test_a_wrong_password(postgres: TestServer, library: ServerAddress, monkeypatch: pytest.MonkeyPatch) -> None:
    postgres.sql("postgres", f"DROP ROLE IF EXISTS {LOCKED}", f"CREATE ROLE {LOCKED} LOGIN PASSWORD 'right'")
    monkeypatch.setenv("PGPASSWORD", "wrong")
    address = as_role(library, LOCKED)
    is_as_documented("a wrong password, or an unknown role", told("ask", "mask", "--index", address), address)


def test_no_database_and_no_library(postgres: TestServer) -> None:
    nowhere, empty = ServerAddress(postgres.uri("nowhere")), postgres.library()
    is_as_documented("no such database", told("ask", "mask", "--index", nowhere), nowhere)
    is_as_documented("no library in the database", told("ask", "mask", "--index", empty), empty)


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
        is_as_documented("an extension that isn't installed", told("init", address), address)


def test_an_extension_that_is_not_loaded(lone: TestServer) -> None:
    addresses = lone.library(), ServerAddress(lone.uri(lone.database()))
    restart(lone, "-o", "-cshared_preload_libraries=")
    for address in addresses:
        is_as_documented("pg_textsearch isn't loaded at the start", told("init", address), address)


def test_extensions_are_created_by_a_superuser(postgres: TestServer) -> None:
    address = ServerAddress(postgres.uri(postgres.database(), "plain"))
    database = address.uri.rpartition("/")[2]
    postgres.sql("postgres", "DROP ROLE IF EXISTS plain", "CREATE ROLE plain LOGIN")
    postgres.sql("postgres", f"ALTER DATABASE {database} OWNER TO plain")
    is_as_documented("extensions that a superuser has to create", told("init", address), address)


def test_a_replica(postgres: TestServer, library: ServerAddress) -> None:
    with postgres.replica() as replica:
        address = ServerAddress(library.uri.replace(f":{postgres.port}/", f":{replica.port}/"))
        is_as_documented("a change on a replica", told("build", PAGE, "--index", address), address)
        is_as_documented("a change on a replica", told("remove", "zhuyili0001", "--index", address), address)


def test_a_newer_schema(postgres: TestServer, library: ServerAddress) -> None:
    postgres.sql(library.uri.rpartition("/")[2], "INSERT INTO seekpoint.migration VALUES (99)")
    for command in (["ask", "掩码"], ["build", PAGE]):
        is_as_documented("a library that a newer Seekpoint made", told(*command, "--index", library), library)


def test_another_model(postgres: TestServer) -> None:
    address = postgres.library()
    create_library(address, ModelCard("intfloat/multilingual-e5-small", 384, "made-by-hand"))
    line = told("build", PAGE, "--model", "BAAI/bge-m3", "--index", address)
    is_as_documented("another model", line, address)


def test_a_server_that_goes_away_in_the_middle_of_a_build(lone: TestServer, httpserver: HTTPServer) -> None:
    address = on_a_server(lone)

    def vanish(request: Request) -> Response:
        lone.kill()
        return Response("", 404)

    httpserver.expect_request("/robots.txt").respond_with_data(status=404)
    httpserver.expect_request("/讲座").respond_with_handler(vanish)
    web = LocalWeb(httpserver.url_for("").rstrip("/"), "https://example.org")
    is_as_documented(
        "a server that goes away in the middle of a build", told("build", PAGE, "--index", address, web=web), address
    )


def test_every_documented_error_is_provoked() -> None:
    source = Path(__file__).read_text("utf-8")
    assert len(documented()) == 11
    assert all(f'"{case}"' in source for case in documented())
