"""Addresses of libraries: folders and databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from seekpoint.index.address import ServerAddress, parse_address
from seekpoint.index.errors import UsageError


@pytest.mark.parametrize("text", ["talks", "/srv/讲座", "postgresql", "postgresql:/talks", "http://host/talks"])
def test_what_names_no_server_is_a_folder(text: str) -> None:
    assert parse_address(text) == Path(text)


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
    ],
)
def test_the_address_of_a_database_is_shown_without_its_password(text: str, address: ServerAddress, shown: str) -> None:
    assert parse_address(text) == address
    assert str(address) == shown


@pytest.mark.parametrize("name", ["", "Talks", "1st", "pg_talks", "a; DROP TABLE x", '"', "讲座", "a" * 49])
def test_a_library_has_a_plain_name(name: str) -> None:
    with pytest.raises(UsageError, match="small letters"):
        parse_address(f"postgresql://host/talks?library={name}")
