"""The commands with a library on a server: its roles, schemas with something of others, what docs/scale.md shows."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

import seekpoint
from seekpoint.index.address import ServerAddress
from seekpoint.index.errors import DamagedLibrary, ForeignLibrary, LibraryError
from seekpoint.index.open import create_library, open_reader, open_writer
from seekpoint.index.postgres.schema import keep_size, tidy
from seekpoint.index.postgres.session import connect
from seekpoint.index.types import ModelCard, State
from tests.cli.here import MAIN, as_role, call, database, one_line, run
from tests.fakes import TopicEncoder, WideEncoder
from tests.index.contract.talks import CARD, TALKS, fill, on_a_server
from tests.indexer.builds import webvtt
from tests.local_web import LocalWeb
from tests.paths import ROOT
from tests.postgres import LOCKED, PROGRAMS, TestServer, server, server_folder
from tests.readme import DOCS

PAGE = "https://127.0.0.1:1/讲座"
OTHERS = {
    "table": ["CREATE TABLE shop.orders (number integer)"],
    "tables called as ours": ["CREATE TABLE shop.migration (version integer)", "CREATE TABLE shop.meta (card text)"],
    "materialized view": ["CREATE MATERIALIZED VIEW shop.orders AS SELECT 1 AS number"],
    "function": ["CREATE FUNCTION shop.ordered() RETURNS integer LANGUAGE sql AS 'SELECT 1'"],
    "type": ["CREATE TYPE shop.状态 AS ENUM ('新')"],
    "text search configuration": ["CREATE TEXT SEARCH CONFIGURATION shop.plain (COPY = simple)"],
}


def contents(server: TestServer, library: ServerAddress) -> str:
    """All that lies in the schemas of a database, but for the catalogue."""
    return server.sql(
        database(library),
        """SELECT nspname, pg_describe_object(classid, objid, 0), classid, objid FROM pg_depend
           JOIN pg_namespace ON refclassid = 'pg_namespace'::regclass AND refobjid = pg_namespace.oid
           WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'public') ORDER BY 3, 4""",
    )


@pytest.mark.parametrize("others", OTHERS)
def test_a_schema_of_another_application_is_refused_and_left_alone(
    others: str, postgres: TestServer, exported: Path
) -> None:
    address = postgres.library("shop")
    postgres.sql(database(address), "CREATE SCHEMA shop", *OTHERS[others])
    before = contents(postgres, address)
    assert before
    for command in (
        ["init", address],
        ["build", PAGE, "--index", address],
        ["build", PAGE, "--dry-run", "--index", address],
        ["import", exported, "--index", address],
        ["import", exported, "--replace", "--index", address],
    ):
        one_line(call(*command), f"the schema of {address} holds other things (")
    assert contents(postgres, address) == before


def test_what_others_have_beside_a_library_outlasts_its_replacement(postgres: TestServer, exported: Path) -> None:
    address = on_a_server(postgres)
    postgres.sql(
        database(address),
        "CREATE TABLE seekpoint.orders AS SELECT 1 AS number",
        "CREATE TABLE seekpoint.more () INHERITS (seekpoint.setting)",
        "INSERT INTO seekpoint.more VALUES ('theirs', '1')",
        "CREATE VIEW public.titles AS SELECT title FROM seekpoint.listing",
    )
    assert call("import", exported, "--replace", "--index", address).exit_code == 0
    assert len(postgres.sql(database(address), "SELECT * FROM public.titles").splitlines()) == 3
    assert postgres.sql(database(address), "SELECT * FROM seekpoint.orders, seekpoint.more") == "1|theirs|1\n"


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("CREATE TABLE public.stars (talk text REFERENCES seekpoint.resource)", '"stars"'),
        ("INSERT INTO seekpoint.migration VALUES (99)", "upgrade Seekpoint"),
    ],
    ids=["a table of others refers to it", "it is newer"],
)
def test_a_library_that_cannot_be_replaced_stays(
    statement: str, words: str, postgres: TestServer, exported: Path
) -> None:
    address = on_a_server(postgres)
    postgres.sql(database(address), statement)
    before = contents(postgres, address)
    line = one_line(call("import", exported, "--replace", "--index", address), words)
    assert "CASCADE" not in line and "extension" not in line
    assert contents(postgres, address) == before
    rows = postgres.sql(database(address), "SELECT id FROM seekpoint.resource").split()
    assert set(rows) == set(TALKS)


def built(source: Path, address: ServerAddress) -> seekpoint.Report:
    return seekpoint.build(source, str(address), encoder=TopicEncoder(), translate=False)


def another(source: Path, address: ServerAddress) -> seekpoint.Report:
    return seekpoint.build(source, str(address), encoder=WideEncoder(), translate=False, reembed=True)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "captions"
    folder.mkdir()
    (folder / "讲座 [talk0000002].zh.vtt").write_text(webvtt("注意力给每个词一个权重", "掩码"), encoding="utf-8")
    return folder


def test_embedding_again_leaves_a_schema_of_that_name_and_what_others_put_into_it_alone(
    source: Path, postgres: TestServer, exported: Path
) -> None:
    address = postgres.library("b")
    built(source, address)
    for library in (replace(address, library="b__next"), None):
        if library:
            with open_writer(library, CARD) as writer:
                fill(writer)
        else:
            postgres.sql(database(address), "CREATE SCHEMA b__next", "CREATE TABLE b__next.notes (text text)")
        before = contents(postgres, address)
        with pytest.raises(ForeignLibrary, match=r"the schema b__next isn't one of Seekpoint's: rename it[^\n]*$"):
            another(source, address)
        built(source, address)
        assert contents(postgres, address) == before
        postgres.sql(database(address), "DROP SCHEMA b__next CASCADE")

    with open_writer(address) as writer, writer.successor(WideEncoder().card, print):
        postgres.sql(database(address), "CREATE TABLE b__next.notes (text text)")
    with pytest.raises(ForeignLibrary, match=r"b__next\.notes") as raised:
        another(source, address)
    assert "CASCADE" not in str(raised.value) and "\n" not in str(raised.value)
    with open_reader(address) as reader:
        assert reader.card == TopicEncoder().card
    postgres.sql(database(address), "DROP TABLE b__next.notes")
    another(source, address)
    with open_reader(address) as reader:
        assert reader.card == WideEncoder().card
    assert "b__next" not in contents(postgres, address)

    with open_writer(address) as writer, writer.successor(TopicEncoder().card, print):
        pass
    assert "b__next" in contents(postgres, address)
    assert call("import", exported, "--replace", "--index", address).exit_code == 0
    assert "b__next" not in contents(postgres, address), "a replaced library has no successor of the old one"


def test_a_library_is_created_again_where_it_is(postgres: TestServer) -> None:
    address = postgres.library()
    for _ in range(2):
        result = call("init", address)
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout.startswith(f"{address}: ready, for the model ")
    assert call("status", "--index", address).exit_code == 0


def test_a_library_called_as_a_word_of_sql_is_built_asked_shown_carried_and_emptied(
    source: Path, tmp_path: Path, postgres: TestServer
) -> None:
    address = postgres.library("select")
    (source / "Talk [talk0000001].en.vtt").write_text(webvtt("attention weighs the words", "the mask hides"), "utf-8")
    for updated in (2, 0):
        report = built(source, address)
        assert (report.states[State.INDEXED], report.updated, report.embedded) == (2, updated, updated)
    answer = seekpoint.ask("what does a mask hide?", str(address), k=1, language="zh", encoder=TopicEncoder())
    assert [moment.resource.id for moment in answer.moments] == ["talk0000002"]
    shown = json.loads(call("status", "--json", "--check", "--index", address).stdout)
    assert (shown["library"], shown["totals"]["indexed"], shown["totals"]["chunks"]) == (str(address), 2, 2)
    assert f"Library {address}, model topics" in call("status", "--index", address).stdout
    assert another(source, address).embedded > 0
    for command in (
        ["export", tmp_path / "talks.zip", "--index", address],
        ["import", tmp_path / "talks.zip", "--replace", "--index", address],
        ["init", address, "--reader", "postgres", "--builder", "postgres"],
        ["build", "--worker", "--index", address],
    ):
        assert call(*command).exit_code == 0, command
    assert call("remove", "talk0000001", "--index", address).stdout == "1 taken out\n"
    assert [status.id for status in seekpoint.open_library(str(address)).resources()] == ["talk0000002"]


def test_without_the_driver_the_extra_is_named() -> None:
    code = f"import sys; sys.modules['psycopg'] = None; {MAIN}"
    one_line(run("status", "--index", "postgresql://host/talks", code=code), "pip install 'seekpoint[postgres]'")


ROLES = ("asks", "builds", "nobody")


@pytest.fixture
def library(postgres: TestServer) -> ServerAddress:
    """A library with the talks, on a server with roles that have no rights."""
    postgres.sql("postgres", *(f"DROP ROLE IF EXISTS {role}" for role in ROLES))
    postgres.sql("postgres", *(f"CREATE ROLE {role} LOGIN" for role in ROLES))
    return on_a_server(postgres)


def may_read(library: ServerAddress, role: str) -> bool:
    try:
        with open_reader(as_role(library, role)) as reader:
            return bool(reader.statuses())
    except LibraryError as error:
        assert "you may not do that" in str(error)
        return False


REFUSED = (
    *("DELETE FROM migration", "INSERT INTO migration VALUES (99)", "UPDATE migration SET version = 99"),
    *("DELETE FROM meta", "UPDATE meta SET card = '{}'", "INSERT INTO meta (card) VALUES ('{}')", "TRUNCATE setting"),
    *("BEGIN; LOCK TABLE meta IN ACCESS EXCLUSIVE MODE", "DROP TABLE kept"),
    *("SELECT * FROM orders", "DELETE FROM orders"),
)


def test_a_builder_builds_and_can_do_no_more(library: ServerAddress, postgres: TestServer) -> None:
    postgres.sql(database(library), "CREATE TABLE seekpoint.orders (number integer)")
    rights = "SELECT, INSERT, UPDATE, DELETE, MAINTAIN ON seekpoint.migration, seekpoint.meta"
    builder = as_role(library, "builds")
    for statement in ("SELECT 1", f"GRANT {rights} TO builds"):  # an older Seekpoint gave all rights
        postgres.sql(database(library), statement)
        create_library(library, CARD, builders=["builds"])
        with psycopg.connect(builder.uri, autocommit=True) as connection:
            connection.execute("SET search_path = seekpoint, public")
            for refused in REFUSED:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(refused)
                connection.rollback()
    with open_writer(builder) as writer:
        writer.remove(["page0000001"])
        fill(writer, ["page0000001"])
        writer.put_settings(glossary=[("mask", "掩码")])
    assert may_read(library, "builds")
    session = connect(builder)
    before = session.rows("SELECT pg_relation_filenode('chunk_words')")
    session.run("UPDATE meta SET words_bytes = 0")
    tidy(session, least=0)
    assert session.rows("SELECT pg_relation_filenode('chunk_words')") != before, "the index of words is made anew"
    keep_size(session)
    session.close()


@pytest.mark.parametrize("lost", ["migration", "meta"])
def test_a_library_that_lost_its_version_or_model_is_replaced_as_it_says(
    lost: str, library: ServerAddress, postgres: TestServer, exported: Path
) -> None:
    postgres.sql(database(library), f"DELETE FROM seekpoint.{lost}")
    for command in (["status"], ["ask", "掩码"], ["build", "https://127.0.0.1:1/x"]):
        result = call(*command, "--index", library)
        one_line(result, "has lost its version or its model: ", "import FILE --replace")
    one_line(call("init", library), "import FILE --replace")
    with pytest.raises(DamagedLibrary):
        open_writer(library)
    assert call("import", exported, "--replace", "--index", library).exit_code == 0
    assert call("status", "--check", "--index", library).exit_code == 0


def test_a_replaced_library_is_read_built_and_owned_by_the_same_roles(
    library: ServerAddress, postgres: TestServer, exported: Path
) -> None:
    create_library(library, CARD, readers=["asks"], builders=["builds"])
    postgres.sql(
        database(library),
        "GRANT USAGE ON SCHEMA seekpoint TO nobody",
        "GRANT SELECT (id, url) ON seekpoint.resource TO nobody WITH GRANT OPTION",
    )
    assert call("import", exported, "--replace", "--index", library).exit_code == 0
    assert may_read(library, "asks") and may_read(library, "builds") and not may_read(library, "nobody")
    with open_writer(as_role(library, "builds")) as writer:
        fill(writer, ["page0000001"])
    with psycopg.connect(as_role(library, "nobody").uri) as connection:
        assert connection.execute("SELECT id, url FROM seekpoint.resource").fetchall()

    owned = postgres.library("talks")
    postgres.sql(database(owned), "CREATE SCHEMA talks AUTHORIZATION builds")
    owner = as_role(owned, "builds")
    create_library(owner, CARD, readers=["asks"])
    assert call("import", exported, "--replace", "--index", owned).exit_code == 0, "by a superuser"
    assert may_read(owned, "asks")
    with open_writer(owner) as writer:
        fill(writer)
    assert call("import", exported, "--replace", "--index", owner).exit_code == 0


def test_a_public_library_is_said_to_be_one_and_public_is_no_reader_or_builder(library: ServerAddress) -> None:
    for option in (["--reader"], ["--builder"], ["--public", "--reader"]):
        result = call("init", library, *option, "asks", option[-1], "public")
        one_line(result, "public is every role of the server: ", exit_code=2)
    assert not may_read(library, "asks") and not may_read(library, "nobody")
    result = call("init", library, "--public", "--builder", "builds")
    assert result.exit_code == 0
    assert result.stdout.endswith("; every role of the server may read it\n")
    assert may_read(library, "nobody")
    with pytest.raises(LibraryError, match="you may not do that"), open_writer(as_role(library, "nobody")) as writer:
        writer.remove(list(TALKS))


def test_a_statement_that_takes_too_long_is_told_as_such(library: ServerAddress, postgres: TestServer) -> None:
    postgres.sql("postgres", f"ALTER DATABASE {database(library)} SET statement_timeout = '100ms'")
    with psycopg.connect(library.uri) as other:
        other.execute("SET statement_timeout = 0")
        other.execute("LOCK TABLE seekpoint.resource")
        assert "can't be reached" not in one_line(call("status", "--index", library), "statement_timeout")


SHOWN = "postgresql://db/talks"
LECTURE = "https://example.org/讲座"
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


ASK, BUILD = ("ask", "掩码"), ("build", LECTURE)


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
