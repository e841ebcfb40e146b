"""Reads the user's cookies for YouTube. The file itself is never written."""

from __future__ import annotations

import io
import warnings
from contextlib import redirect_stderr
from http.cookiejar import Cookie, LoadError
from pathlib import Path

from seekpoint.files import read_text
from seekpoint.index.errors import UsageError

_REMEDY = "export the cookies of youtube.com as a Netscape cookies.txt, as browser extensions and yt-dlp write it"


def youtube_cookies(file: Path) -> tuple[Cookie, ...]:
    """Read the cookies for youtube.com, and no others; raises UsageError if there are none."""
    cookies = [cookie for cookie in _cookies(_text(file), file) if f".{cookie.domain}".endswith(".youtube.com")]
    if not cookies:
        raise UsageError(f"{file}: holds no cookie for youtube.com; {_REMEDY}")
    if all(cookie.is_expired() for cookie in cookies):
        raise UsageError(f"{file}: its cookies for youtube.com have expired; {_REMEDY}")
    return tuple(cookies)


def _text(file: Path) -> str:
    try:
        return read_text(file)
    except OSError as error:
        raise UsageError(f"{file}: can't be read ({error.strerror}); {_REMEDY}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: not a file of cookies; {_REMEDY}") from error


def _cookies(text: str, file: Path) -> list[Cookie]:
    from yt_dlp.cookies import YoutubeDLCookieJar

    if text.lstrip().startswith(("[", "{")):
        raise UsageError(f"{file}: cookies in JSON can't be read; {_REMEDY}")
    jar = YoutubeDLCookieJar()
    # The jar prints lines that it can't parse to stderr, where secrets must not appear.
    with redirect_stderr(io.StringIO()) as skipped, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the jar warns of lines at which it fails, with a traceback
        try:
            jar.load(io.StringIO(text))
        except LoadError as error:
            raise UsageError(f"{file}: not a file of cookies; {_REMEDY}") from error
    if skipped.getvalue():
        raise UsageError(f"{file}: has lines that are no cookies; {_REMEDY}")
    return list(jar)
