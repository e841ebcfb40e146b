"""Addresses of libraries: folders and databases."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seekpoint.index.address import ServerAddress, parse_address
from seekpoint.index.errors import UsageError

SECRET = "s3cret"

_HOST = "127.0.0.1:1"
_PARAMETERS = (
    *("password", "PASSWORD", "sslpassword", "oauth_client_secret", "scram_client_key", "options", "passwrd", ""),
    "library=talks;password",
)


@st.composite
def addresses(draw: st.DrawFn) -> str:
    """An address, right or wrong, with the secret somewhere where a password belongs."""
    around = st.text("aZ7%@:/?#&=+, ;'[]码", max_size=3)
    password = f"{draw(around)}{SECRET}{draw(around)}"
    password = quote(password, safe="") if draw(st.booleans()) else password
    scheme = draw(st.sampled_from(["postgresql", "postgres", "POSTGRESQL", "Postgres", "postgresql+psycopg", "mysql"]))
    slashes = draw(st.sampled_from(["://", "://", "://", ":/", ":", "//"]))
    parameter = draw(st.sampled_from(_PARAMETERS))
    return draw(
        st.sampled_from(
            [
                f"{scheme}{slashes}me:{password}@{_HOST}/talks",
                f"{scheme}{slashes}:{password}@{_HOST}",
                f"{scheme}{slashes}me:{password}@{_HOST}/talks?sslmode=disable&library=talks",
                f"{scheme}://{_HOST}/talks?{parameter}={password}",
                f"{scheme}://me@{_HOST}/talks?sslmode=disable&{parameter}={password}&library=talks",
                f"host=127.0.0.1 port=1 dbname=talks password={password}",
                f"password='{password}' host = 127.0.0.1 port=1",
            ]
        )
    )


NO_ADDRESSES = (
    *(f"postgresql://u:{password}@host/db" for password in (f"p@{SECRET}/w", *(f"1{c}{SECRET}" for c in "/?#"))),
    *(f"postgresql://u:{password}@host/db" for password in (f"100%{SECRET}", f"{SECRET}%00", f"{SECRET} 2")),
    *(f"postgresql://host/db{rest}" for rest in (f"?{SECRET}", f"?password={SECRET}#", f"\n?password={SECRET}")),
    *(f"{scheme}u:{SECRET}@host/db" for scheme in ("postgresql:/", "postgresql:", "postgresql//", "//", "")),
    *(f"{scheme}://u:{SECRET}@host/db" for scheme in (" postgresql", "postgresql+psycopg", "mysql")),
    f"'postgresql://u:{SECRET}@host/db'",
    *(f"host=db password={SECRET}", f"PASSWORD = {SECRET} host = db", f"lang=en sslpassword={SECRET}"),
    "http://host/talks",
)


def test_what_names_no_server_is_a_folder_or_is_refused_and_not_quoted() -> None:
    for text in ("talks", "/srv/讲座", "postgresql/talks", r"C:\talks@home", "a=b", "./host=talks", "/me:x@y"):
        assert parse_address(text) == Path(text)
    for text in NO_ADDRESSES:
        with pytest.raises(UsageError, match="can't be read, and isn't shown") as raised:
            parse_address(text)
        assert SECRET not in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("scheme", "uri", "library", "shown"),
    [
        ("postgresql", "host/talks", None, "host/talks"),
        ("postgres", "/talks", None, "/talks"),
        (
            *("postgresql", "a:5432,b/talks?target_session_attrs=read-write", "zh"),
            "a:5432,b/talks?target_session_attrs=read-write&library=zh",
        ),
        ("postgresql", "me:secret@host/talks?password=hidden", None, "me@host/talks"),
        (
            *("PostgreSQL", "me:a%40b@[::1]:5432/talks?sslmode=require&sslpassword=hidden", "zh"),
            "me@[::1]:5432/talks?sslmode=require&library=zh",
        ),
        ("postgresql", "host/talks?options=-c%20a%3Db&oauth_client_secret=hidden&later=hidden", None, "host/talks"),
    ],
)
def test_the_address_of_a_database_is_shown_without_its_password(
    scheme: str, uri: str, library: str | None, shown: str
) -> None:
    address = parse_address(f"{scheme}://{uri}" + (f"&library={library}" if library else ""))
    assert address == ServerAddress(f"{scheme.lower()}://{uri}", library or "seekpoint")
    assert str(address) == f"{scheme.lower()}://{shown}"


@given(addresses())
def test_no_text_of_an_address_holds_its_password(text: str) -> None:
    try:
        address = parse_address(text)
    except UsageError as error:
        assert SECRET not in str(error)
    else:
        assert isinstance(address, ServerAddress)
        assert SECRET not in str(address) + repr(address)


def test_a_library_has_a_plain_name_that_means_nothing_else() -> None:
    for name, told in (
        *((name, f"can't be called {name}: ") for name in ("public", "information_schema", "pg_talks", "talks__next")),
        *((name, "lower-case letters") for name in ("", "Talks", "1st", "a;DROP%20TABLE%20x", '"', "讲座", "a" * 49)),
    ):
        with pytest.raises(UsageError, match=told):
            parse_address(f"postgresql://host/talks?library={name}")
