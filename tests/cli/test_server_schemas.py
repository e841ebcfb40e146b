"""Schemas of a server that hold something of others, which stays, and names that are words of SQL."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import seekpoint
from seekpoint.index.address import ServerAddress
from seekpoint.index.errors import ForeignLibrary
from seekpoint.index.open import open_reader, open_writer
from tests.cli.here import call, database, one_line
from tests.fakes import TopicEncoder, WideEncoder
from tests.index.contract.talks import CARD, TALKS, fill, on_a_server
from tests.indexer.builds import webvtt
from tests.postgres import TestServer

PAGE = "https://127.0.0.1:1/讲座"
OTHERS = {
    "table": ["CREATE TABLE shop.orders (number integer)"],
    "tables called as ours": ["CREATE TABLE shop.migration (version integer)", "CREATE TABLE shop.meta (card text)"],
    "view": ["CREATE VIEW shop.orders AS SELECT 1 AS number"],
    "materialized view": ["CREATE MATERIALIZED VIEW shop.orders AS SELECT 1 AS number"],
    "function": ["CREATE FUNCTION shop.ordered() RETURNS integer LANGUAGE sql AS 'SELECT 1'"],
    "type": ["CREATE TYPE shop.状态 AS ENUM ('新')"],
    "domain": ["CREATE DOMAIN shop.price AS numeric"],
    "sequence": ["CREATE SEQUENCE shop.number"],
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


def test_an_empty_schema_that_a_superuser_made_becomes_a_library(postgres: TestServer, exported: Path) -> None:
    address = postgres.library("talks")
    postgres.sql("postgres", "DROP ROLE IF EXISTS plain", "CREATE ROLE plain LOGIN")
    postgres.sql(database(address), "CREATE SCHEMA talks AUTHORIZATION plain")
    plain = replace(address, uri=postgres.uri(database(address), "plain"))
    for command in ("init", "import --replace --index", "status --check --index"):
        file = [exported] if "import" in command else []
        assert call(*command.split(), plain, *file).exit_code == 0


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


# Embedding again


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


def test_embedding_again_leaves_a_schema_of_that_name_alone(source: Path, postgres: TestServer) -> None:
    address = postgres.library("b")
    built(source, address)
    for library in (replace(address, library="b__next"), None):
        if library:
            with open_writer(library, CARD) as writer:
                fill(writer)
        else:
            postgres.sql(database(address), "CREATE SCHEMA b__next", "CREATE TABLE b__next.notes (text text)")
        before = contents(postgres, address)
        with pytest.raises(ForeignLibrary, match="the schema b__next isn't one of Seekpoint's: rename it") as raised:
            another(source, address)
        assert "\n" not in str(raised.value)
        built(source, address)
        assert contents(postgres, address) == before
        postgres.sql(database(address), "DROP SCHEMA b__next CASCADE")
    assert another(source, address).embedded > 0
    assert "b__next" not in contents(postgres, address)


def test_what_others_put_into_a_successor_is_not_dropped_with_it(source: Path, postgres: TestServer) -> None:
    address = postgres.library("b")
    built(source, address)
    with open_writer(address) as writer, writer.successor(WideEncoder().card, print):
        postgres.sql(database(address), "CREATE TABLE b__next.notes (text text)")
    with pytest.raises(ForeignLibrary, match=r"b__next\.notes") as raised:
        another(source, address)
    assert "CASCADE" not in str(raised.value) and "\n" not in str(raised.value)
    with open_reader(address) as reader:
        assert reader.card == TopicEncoder().card
    postgres.sql(database(address), "DROP TABLE b__next.notes")
    another(source, address)
    assert "b__next" not in contents(postgres, address)


def test_a_replaced_library_has_no_successor_of_the_old_one(source: Path, postgres: TestServer, exported: Path) -> None:
    address = postgres.library("b")
    built(source, address)
    with open_writer(address) as writer, writer.successor(WideEncoder().card, print):
        pass
    assert call("import", exported, "--replace", "--index", address).exit_code == 0
    assert "b__next" not in contents(postgres, address)


# Names


@pytest.mark.parametrize("name", ["select", "user", "table"])
def test_a_library_may_be_called_as_a_word_of_sql(
    name: str, source: Path, tmp_path: Path, postgres: TestServer
) -> None:
    address = postgres.library(name)
    built(source, address)
    assert seekpoint.ask("掩码", str(address), k=1, encoder=TopicEncoder()).moments
    assert another(source, address).embedded > 0
    for command in (
        ["status", "--check", "--index", address],
        ["export", tmp_path / "talks.zip", "--index", address],
        ["import", tmp_path / "talks.zip", "--replace", "--index", address],
        ["init", address, "--reader", "postgres", "--builder", "postgres"],
        ["build", "--worker", "--index", address],
        ["remove", "talk0000002", "--index", address],
    ):
        assert call(*command).exit_code == 0, command
