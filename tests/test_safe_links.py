"""Which addresses may be opened: an imported library may hold any."""

from __future__ import annotations

import re
from pathlib import Path

from seekpoint.safe_links import app_link, is_openable

OPENED = (
    *("https://example.org/talk?v=1#t=5", "HTTP://example.org/"),
    *("file:///talks/%E8%AE%B2%E5%BA%A7.ogg#t=141", "file:///C:/talks/one%20two.MP4#t=3"),
    *("file:///papers/a.pdf#page=7", "file:///notes/a.md#heading:~:text=the%20mask", "file:///notes/a.html"),
    *("file:///talks/talk.en.vtt#t=20", "file:///talks/掩码.txt"),
)
REFUSED = (
    # Of other machines.
    *("file://host/share/run.exe", "file://host/share/talk.mp4", "file://localhost/talk.mp4", "FILE://host/run.exe"),
    *("file:////host/share/talk.mp4", "file:///%5C%5Chost%5Cshare%5Ctalk.mp4", "file:///%2Fhost/share/talk.mp4"),
    *("file:///\\host/talk.mp4", "file:///%3F%3F/UNC/host/share/talk.mp4", "file:talk.mp4", "file:/talk.mp4"),
    # Programs and folders.
    *("file:///programs/run.exe", "file:///programs/run.exe#.mp4", "file:///programs/run.desktop?.mp4"),
    *("file:///programs/talk.mp4?.desktop", "file:///programs/run.exe%00.mp4", "file:///programs/run.exe\n.mp4"),
    *("file:///programs/talk.mp4%0a.exe", "file:///programs/run.exe%0a.mp4", "file:///talks/%E2%80%AE4pm.exe%0a.mp4"),
    *("file:///talks/", "file:///", "file:///etc/passwd", "file://["),
    # Other schemes.
    *("javascript:alert(1)", "vscode://x", "smb://host/talk.mp4", "-new-window", ""),
)


def test_the_web_and_this_machines_media_are_opened_but_no_other_machines_files_and_no_programs() -> None:
    assert [address for address in OPENED if not is_openable(address)] == []
    assert [address for address in REFUSED if is_openable(address)] == []


def test_a_file_opens_in_the_program_that_keeps_it_and_no_text_makes_such_an_address(tmp_path: Path) -> None:
    vault, zotero = tmp_path / "笔 记&x=1", tmp_path / "Zotero"
    for name in (".obsidian/app.json", "papers/掩码 #1?.md", "papers/a.pdf", "run.docx"):
        (vault / name).parent.mkdir(parents=True, exist_ok=True)
        (vault / name).write_bytes(b"x")
    for name in ("storage/ABCD2345/讲义.pdf", "storage/abcd2345/x.pdf", "storage/ABCD2345/x.html", "zotero.sqlite"):
        (zotero / name).parent.mkdir(parents=True, exist_ok=True)
        (zotero / name).write_bytes(b"x")
    note = app_link((vault / "papers/掩码 #1?.md").as_uri() + "#heading")
    assert (
        note
        and note.startswith("obsidian://open?path=%2F")
        and note.endswith("papers%2F%E6%8E%A9%E7%A0%81%20%231%3F.md")
    )
    assert re.fullmatch(r"obsidian://open\?path=[\w.%~-]+", note, re.ASCII)
    stored = (zotero / "storage/ABCD2345/讲义.pdf").as_uri()
    assert app_link(stored, 7) == "zotero://open-pdf/library/items/ABCD2345?page=7"
    assert app_link(stored) == "zotero://open-pdf/library/items/ABCD2345"
    others = [
        vault / "run.docx",
        vault / "gone.md",
        zotero / "storage/abcd2345/x.pdf",
        zotero / "storage/ABCD2345/x.html",
    ]
    addresses = ["https://a.org/a.pdf", "obsidian://open?path=%2Fa.md", "zotero://select/x", f"file:///{'x' * 5000}.md"]
    assert [app_link(address, 1) for address in (*(path.as_uri() for path in others), *addresses)] == [None] * 8
    assert not any(is_openable(link) for link in (note, "zotero://open-pdf/library/items/ABCD2345", *addresses[1:3]))
    (zotero / "zotero.sqlite").unlink()
    assert app_link(stored) is None
