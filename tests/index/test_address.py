"""Addresses of libraries: folders and databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given

from seekpoint.index.address import ServerAddress, parse_address
from seekpoint.index.errors import UsageError
from tests.index.secret_addresses import SECRET, addresses

NO_ADDRESSES = (
    f"postgresql://u:p@{SECRET}/w@host/db",
    f"postgresql://u:1/{SECRET}@host/db",
    f"postgresql://u:1?{SECRET}@host/db",
    f"postgresql://u:1#{SECRET}@host/db",
    f"postgresql://u:100%{SECRET}@host/db",
    f"postgresql://u:{SECRET}%00@host/db",
    f"postgresql://host/db?{SECRET}",
    f"postgresql://host/db?password={SECRET}#",
    f"postgresql://host/db\n?password={SECRET}",
    f"postgresql:/u:{SECRET}@host/db",
    f"postgresql:u:{SECRET}@host/db",
    f"postgresql//u:{SECRET}@host/db",
    f"//u:{SECRET}@host/db",
    f"u:{SECRET}@host/db",
    f"postgresql://u:{SECRET} 2@host/db",
    f"'postgresql://u:{SECRET}@host/db'",
    f" postgresql://u:{SECRET}@host/db",
    f"postgresql+psycopg://u:{SECRET}@host/db",
    f"mysql://u:{SECRET}@host/db",
    f"host=db password={SECRET}",
    f"PASSWORD = {SECRET} host = db",
    f"lang=en sslpassword={SECRET}",
    "http://host/talks",
)


@pytest.mark.parametrize(
    "text", ["talks", "/srv/讲座", "postgresql", "postgresql/talks", r"C:\talks@home", "a=b", "./host=talks", "/me:x@y"]
)
def test_what_names_no_server_is_a_folder(text: str) -> None:
    assert parse_address(text) == Path(text)


@pytest.mark.parametrize("text", NO_ADDRESSES)
def test_what_is_neither_an_address_nor_a_folder_is_refused_and_not_quoted(text: str) -> None:
    with pytest.raises(UsageError, match="can't be read, and isn't shown") as raised:
        parse_address(text)
    assert SECRET not in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "address", "shown"),
    [
        ("postgresql://host/talks", ServerAddress("postgresql://host/talks"), "postgresql://host/talks"),
        ("postgres:///talks", ServerAddress("postgres:///talks"), "postgres:///talks"),
        (
            "postgresql://a:5432,b/talks?target_session_attrs=read-write&library=zh",
            ServerAddress("postgresql://a:5432,b/talks?target_session_attrs=read-write", "zh"),
            "postgresql://a:5432,b/talks?target_session_attrs=read-write&library=zh",
        ),
        (
            "postgresql://me:secret@host/talks?password=hidden",
            ServerAddress("postgresql://me:secret@host/talks?password=hidden"),
            "postgresql://me@host/talks",
        ),
        (
            "PostgreSQL://me:a%40b@[::1]:5432/talks?sslmode=require&sslpassword=hidden&library=zh",
            ServerAddress("postgresql://me:a%40b@[::1]:5432/talks?sslmode=require&sslpassword=hidden", "zh"),
            "postgresql://me@[::1]:5432/talks?sslmode=require&library=zh",
        ),
        (
            "postgresql://host/talks?options=-c%20a%3Db&oauth_client_secret=hidden&of_a_later_version=hidden",
            ServerAddress(
                "postgresql://host/talks?options=-c%20a%3Db&oauth_client_secret=hidden&of_a_later_version=hidden"
            ),
            "postgresql://host/talks",
        ),
    ],
)
def test_the_address_of_a_database_is_shown_without_its_password(text: str, address: ServerAddress, shown: str) -> None:
    assert parse_address(text) == address
    assert str(address) == shown


@given(addresses())
def test_no_text_of_an_address_holds_its_password(text: str) -> None:
    try:
        address = parse_address(text)
    except UsageError as error:
        assert SECRET not in str(error)
    else:
        assert isinstance(address, ServerAddress)
        assert SECRET not in str(address) + repr(address)


@pytest.mark.parametrize("name", ["public", "information_schema", "pg_talks", "talks__next"])
def test_a_name_that_means_something_else_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"can't be called {name}: "):
        parse_address(f"postgresql://host/talks?library={name}")


@pytest.mark.parametrize("name", ["", "Talks", "1st", "a;DROP%20TABLE%20x", '"', "讲座", "a" * 49])
def test_a_library_has_a_plain_name(name: str) -> None:
    with pytest.raises(UsageError, match="small letters"):
        parse_address(f"postgresql://host/talks?library={name}")
