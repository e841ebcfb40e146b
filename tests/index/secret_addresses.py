"""Addresses of databases with a password that is easily found in what is shown, in forms that people write."""

from __future__ import annotations

from urllib.parse import quote

from hypothesis import strategies as st

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
