"""Which addresses may be opened: an imported library may hold any."""

from __future__ import annotations

from seekpoint.safe_links import is_openable

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
