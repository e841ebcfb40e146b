"""Cookies of browsers, whose stores the tests write as the browsers do."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from seekpoint.index.errors import UsageError
from seekpoint.indexer.fetch.cookies import browser_cookies, one_source
from seekpoint.indexer.fetch.http_session import Web

YEAR_2100 = 4_102_444_800
FIREFOX = "CREATE TABLE moz_cookies (host TEXT, name TEXT, value TEXT, path TEXT, expiry INTEGER, isSecure INTEGER)"
CHROME = """
    CREATE TABLE meta (key TEXT, value TEXT);
    INSERT INTO meta VALUES ('version', '23');
    CREATE TABLE cookies (host_key TEXT, name TEXT, value TEXT, encrypted_value BLOB, path TEXT, expires_utc INTEGER,
        is_secure INTEGER);
"""
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="browsers have their stores elsewhere")
HOSTS = (".youtube.com", ".google.com", ".notyoutube.com")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of a user, where Linux has the browsers' stores."""
    for name in ("HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    return tmp_path


def firefox(home: Path, profile: str, expiry: int = YEAR_2100, value: str = "secret") -> Path:
    store = home / "mozilla" / "firefox" / profile / "cookies.sqlite"
    store.parent.mkdir(parents=True)
    with closing(sqlite3.connect(store)) as database, database:
        database.execute(FIREFOX)
        rows = [(host, "SID", value, "/", expiry, 1) for host in HOSTS]
        database.executemany("INSERT INTO moz_cookies VALUES (?, ?, ?, ?, ?, ?)", rows)
    return store


def chrome(home: Path, value: str, encrypted: bytes = b"") -> None:
    store = home / "google-chrome" / "Default" / "Cookies"
    store.parent.mkdir(parents=True)
    with closing(sqlite3.connect(store)) as database, database:
        database.executescript(CHROME)
        rows = [(host, "SID", value, encrypted, "/", 0, 1) for host in HOSTS]
        database.executemany("INSERT INTO cookies VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def refusal(name: str, capfd: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(UsageError) as caught:
        Web(cookies=name)
    assert "\n" not in str(caught.value) and "secret" not in str(caught.value) + "".join(capfd.readouterr())
    return str(caught.value)


def test_a_browsers_store_stays_as_it_is(home: Path) -> None:
    store = firefox(home, "abc.default")
    before = store.read_bytes()
    assert [(cookie.domain, cookie.value) for cookie in browser_cookies("Firefox")] == [(".youtube.com", "secret")]
    assert (store.read_bytes(), sorted(store.parent.iterdir())) == (before, [store])


def test_a_profile_is_named_after_a_colon(home: Path) -> None:
    firefox(home, "work", value="work")
    firefox(home, "private", value="private")
    assert [cookie.value for cookie in browser_cookies("firefox:work")] == ["work"]
    chrome(home, "plain")
    assert [(cookie.domain, cookie.value) for cookie in browser_cookies("chrome")] == [(".youtube.com", "plain")]


def test_the_route_is_the_browsers_name_whose_cookies_change_from_day_to_day(home: Path) -> None:
    store = firefox(home, "abc.default")
    route = Web(cookies="firefox").route
    store.unlink()
    store.parent.rmdir()
    firefox(home, "abc.default", value="changed")
    assert Web(cookies="firefox").route == route != Web().route, "a gate that cools stays closed"


def test_a_browser_without_cookies_that_can_be_read_is_refused_in_a_line(
    home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("netscape", ""):
        assert f'"{name}" is no browser' in refusal(name, capfd)
    assert "no cookies on this machine" in refusal("firefox", capfd)
    store = firefox(home, "abc.default", expiry=1)
    assert "have expired" in refusal("firefox", capfd)
    store.write_bytes(b"no database of cookies")
    assert "can't be read (file is not a database)" in refusal("firefox", capfd)
    store.unlink()
    store.mkdir()
    assert "can't be read" in refusal("firefox", capfd)
    chrome(home, "", b"v11 encrypted with a key that only the keyring has")
    assert "are encrypted" in refusal("chrome", capfd)
    assert "can't be read (unsupported platform" in refusal("safari", capfd)
    with pytest.raises(UsageError, match="--cookies or --cookies-from-browser"):
        one_source(store, "firefox")
    assert (one_source(store, None), one_source(None, "firefox"), one_source(None, None)) == (store, "firefox", None)
