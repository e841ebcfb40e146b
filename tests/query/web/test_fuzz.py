"""Any form that a browser or a program may send: it is taken, or refused without a fault of the server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from seekpoint.query.web.builds import BuildOrder, Builds, Tell
from seekpoint.query.web.query_parameters import Editing
from tests import fuzzing
from tests.fuzzing import mutated
from tests.query.web.conftest import HOST, serving

FIELDS = (
    *("back", "addresses", "at_once", "is_list", "resource", "language", "start", "page", "anchor", "quote", "link"),
    *("question", "place", "note", "collection", "secret"),
)
VALUES = st.sampled_from(
    [
        *("", "1", "-1", "nan", "1e999", "9" * 5000, "true", "//evil", "/list", "https://a.org/讲座"),
        *("file:///etc/passwd", "\0", "\x1b[31m", "\u202e", "a" * 3000, "aaaaaaaaaaa", "0:00", "[", "javascript:x"),
    ]
)
FORMS = ["/add/address", "/add/retry", "/add/remove", "/kept/moment", "/kept/note", "/kept/drop"]
fields = st.lists(st.tuples(st.sampled_from(FIELDS), VALUES | fuzzing.texts), max_size=8)
NAMES = st.sampled_from(
    [
        *("a.vtt", "讲座.md", "../../a.md", "con.txt", "a\\b.pdf", "a%0d%0a.md", "a\x1b[31m.md", ".md", ""),
        "a" * 300 + ".md",
    ]
)
PART = '--x\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\n{}\r\n'
TYPES = st.sampled_from(
    ["multipart/form-data; boundary=x", "multipart/form-data", 'multipart/form-data; boundary="', "text/plain", ""]
)


def no_build(order: BuildOrder, tell: Tell, stop: object) -> str:
    return "nothing was built"


@pytest.fixture(scope="module")
def edited(talks: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, Editing]]:
    """A client of a library to which nothing is really added."""
    folder = tmp_path_factory.mktemp("edited") / "library"
    shutil.copytree(talks, folder)
    editing = Editing(Builds(no_build, lambda: None))
    with serving(folder, editing=editing, Origin=HOST) as client:
        yield client, editing
    assert editing.builds
    editing.builds.close()


def check(status: int, text: str) -> None:
    assert status < 500, text
    assert not set(text) & set("\0\x1b\u202e\x07")


@given(st.sampled_from(FORMS), fields, st.booleans(), st.binary(max_size=20))
@fuzzing.fuzz(60)
def test_any_form_is_taken_or_refused(
    edited: tuple[TestClient, Editing], path: str, fields: list[tuple[str, str]], is_ours: bool, tail: bytes
) -> None:
    client, editing = edited
    pairs = [(name, text.encode("utf-8", "replace")) for name, text in fields if name != "secret" or not is_ours]
    body = urlencode([*pairs, ("secret", editing.secret)] if is_ours else pairs).encode() + tail
    sent = client.post(path, content=body, headers={"Content-Type": "application/x-www-form-urlencoded"})
    check(sent.status_code, sent.text)
    if sent.status_code == 303:
        assert is_ours and sent.headers["location"].startswith("/")


# Starlette leaves the file of a part without an end to Python, which closes it at once.
@pytest.mark.filterwarnings("ignore:Unclosed file:ResourceWarning")
@given(st.lists(st.tuples(NAMES, st.binary(max_size=30)), max_size=3), fields, st.data())
@fuzzing.fuzz(60)
def test_any_files_are_taken_or_refused(
    edited: tuple[TestClient, Editing],
    files: list[tuple[str, bytes]],
    fields: list[tuple[str, str]],
    data: st.DataObject,
) -> None:
    client, editing = edited
    parts = [PART.format("secret", "", editing.secret), *(PART.format(name, "", text) for name, text in fields)]
    parts += [PART.format("file", f'; filename="{name}"', content.decode("latin-1")) for name, content in files]
    text = data.draw(mutated(st.just("".join([*parts, "--x--\r\n"]))) | st.just("".join([*parts, "--x--\r\n"])))
    sent = client.post("/add/file", content=text.encode("utf-8", "replace"), headers={"Content-Type": data.draw(TYPES)})
    check(sent.status_code, sent.text)


@given(
    st.sampled_from(["origin", "host", "sec-fetch-site", "accept-language", "if-none-match"]),
    VALUES | st.sampled_from(["http://localhost", "null", "cross-site", "*;q=9", "http://a:b", "http://a:99999"]),
    st.sampled_from(["/", "/list", "/add/address", "/add/file", "/api/resources"]),
)
@fuzzing.fuzz(60)
def test_any_header_is_taken_or_refused(edited: tuple[TestClient, Editing], header: str, value: str, path: str) -> None:
    client, editing = edited
    headers = [(header.encode(), value.encode("utf-8", "replace").replace(b"\0", b" "))]
    sent = client.request("POST" if "add" in path else "GET", path, headers=headers, content=f"secret={editing.secret}")
    check(sent.status_code, sent.text)
