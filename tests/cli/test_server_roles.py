"""What the roles of a library on a server may do, what `init` says of it, and what a replaced library leaves of it."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from seekpoint.index.address import ServerAddress
from seekpoint.index.errors import DamagedLibrary, LibraryError
from seekpoint.index.open import create_library, open_reader, open_writer
from seekpoint.index.postgres.schema import keep_size, tidy
from seekpoint.index.postgres.session import connect
from tests.cli.here import as_role, call, database, one_line
from tests.index.contract.talks import CARD, TALKS, fill, on_a_server
from tests.postgres import TestServer

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


# Rights


REFUSED = (
    *("DELETE FROM migration", "INSERT INTO migration VALUES (99)", "UPDATE migration SET version = 99"),
    *("DELETE FROM meta", "UPDATE meta SET card = '{}'", "INSERT INTO meta (card) VALUES ('{}')", "TRUNCATE setting"),
    *("BEGIN; LOCK TABLE meta IN ACCESS EXCLUSIVE MODE", "DROP TABLE kept"),
    *("SELECT * FROM orders", "DELETE FROM orders"),
)


@pytest.mark.parametrize("had_all_rights", [False, True])
def test_a_builder_builds_and_can_do_no_more(
    had_all_rights: bool, library: ServerAddress, postgres: TestServer
) -> None:
    postgres.sql(database(library), "CREATE TABLE seekpoint.orders (number integer)")
    if had_all_rights:
        rights = "SELECT, INSERT, UPDATE, DELETE, MAINTAIN ON seekpoint.migration, seekpoint.meta"
        postgres.sql(database(library), f"GRANT {rights} TO builds")
    create_library(library, CARD, builders=["builds"])
    builder = as_role(library, "builds")
    with psycopg.connect(builder.uri, autocommit=True) as connection:
        connection.execute("SET search_path = seekpoint, public")
        for statement in REFUSED:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
            connection.rollback()
    with open_writer(builder) as writer:
        writer.remove(["page0000001"])
        fill(writer, ["page0000001"])
        writer.put_settings(glossary=[("mask", "掩码")])
    assert may_read(library, "builds")


def test_a_builder_makes_the_index_of_words_anew(library: ServerAddress) -> None:
    create_library(library, CARD, builders=["builds"])
    session = connect(as_role(library, "builds"))
    before = session.rows("SELECT pg_relation_filenode('chunk_words')")
    session.run("UPDATE meta SET words_bytes = 0")
    tidy(session, least=0)
    assert session.rows("SELECT pg_relation_filenode('chunk_words')") != before
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


def test_a_replaced_library_is_read_and_built_by_the_same_roles(
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


def test_a_superuser_replaces_a_library_that_stays_its_owner_s(
    library: ServerAddress, postgres: TestServer, exported: Path
) -> None:
    owned = postgres.library("talks")
    postgres.sql(database(owned), "CREATE SCHEMA talks AUTHORIZATION builds")
    owner = as_role(owned, "builds")
    create_library(owner, CARD, readers=["asks"])
    assert call("import", exported, "--replace", "--index", owned).exit_code == 0
    assert may_read(owned, "asks")
    with open_writer(owner) as writer:
        fill(writer)
    assert call("import", exported, "--replace", "--index", owner).exit_code == 0
    del library


# What init says


@pytest.mark.parametrize("option", ["--reader", "--builder"])
@pytest.mark.parametrize("more", [[], ["--public"]])
def test_the_role_public_is_no_reader_or_builder(option: str, more: list[str], library: ServerAddress) -> None:
    result = call("init", library, option, "asks", option, "public", *more)
    one_line(result, "public is every role of the server: ", exit_code=2)
    assert not may_read(library, "asks") and not may_read(library, "nobody")


def test_a_public_library_is_said_to_be_one(library: ServerAddress) -> None:
    result = call("init", library, "--public", "--builder", "builds")
    assert result.exit_code == 0
    assert result.stdout.endswith("; every role of the server may read it\n")
    assert may_read(library, "nobody")
    with pytest.raises(LibraryError, match="you may not do that"), open_writer(as_role(library, "nobody")) as writer:
        writer.remove(list(TALKS))


# Limits of time


def test_a_statement_that_takes_too_long_is_told_as_such(library: ServerAddress, postgres: TestServer) -> None:
    postgres.sql("postgres", f"ALTER DATABASE {database(library)} SET statement_timeout = '500ms'")
    with psycopg.connect(library.uri) as other:
        other.execute("SET statement_timeout = 0")
        other.execute("LOCK TABLE seekpoint.resource")
        assert "can't be reached" not in one_line(call("status", "--index", library), "statement_timeout")
