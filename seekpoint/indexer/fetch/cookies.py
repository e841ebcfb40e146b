"""Cookies for youtube.com, from a cookies.txt or a browser's store; they are sent, and not stored."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable
from contextlib import redirect_stderr
from http.cookiejar import Cookie, LoadError
from pathlib import Path

from seekpoint.files import read_text
from seekpoint.index.errors import UsageError
from seekpoint.index.text.clean import clean

_REMEDY = "export the cookies of youtube.com as a Netscape cookies.txt, as browser extensions and yt-dlp write it"
_OTHER_WAY = "or export a cookies.txt and give it with --cookies"


def one_source(file: Path | None, browser: str | None) -> Path | str | None:
    """Where cookies come from, as `Web` takes it; raises UsageError for a file and a browser."""
    if file is not None and browser is not None:
        raise UsageError("cookies come from a file or from a browser: give --cookies or --cookies-from-browser")
    return browser if file is None else file


def youtube_cookies(file: Path) -> tuple[Cookie, ...]:
    """Read the cookies for youtube.com, and no others; raises UsageError if there are none."""
    from yt_dlp.cookies import YoutubeDLCookieJar

    try:
        text = read_text(file)
    except OSError as error:
        raise UsageError(f"{file}: can't be read ({error.strerror}); {_REMEDY}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file}: not a file of cookies; {_REMEDY}") from error
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
    return _for_youtube(jar, str(file), _REMEDY)


def browser_cookies(name: str) -> tuple[Cookie, ...]:
    """Read the cookies for youtube.com of a browser, by yt-dlp; raises UsageError if there are none.

    `name` is BROWSER or BROWSER:PROFILE.
    """
    from yt_dlp.cookies import SUPPORTED_BROWSERS, extract_cookies_from_browser

    browser, _, profile = name.partition(":")
    browser = browser.strip().lower()
    if browser not in SUPPORTED_BROWSERS:
        readable = ", ".join(sorted(SUPPORTED_BROWSERS))
        raise UsageError(f'"{clean(name)}" is no browser whose cookies can be read; these are: {readable}')
    log = _Log()
    source = clean(name)
    try:
        jar = extract_cookies_from_browser(browser, profile.strip() or None, log)
    except FileNotFoundError as error:
        raise UsageError(f"{source}: no cookies on this machine; check the name and profile, {_OTHER_WAY}") from error
    except Exception as error:  # stores, keyrings and their parsers raise exceptions of their own
        message = f"{source}: its cookies can't be read ({clean(str(error))[:200]})"
        raise UsageError(f"{message}; close the browser, {_OTHER_WAY}") from error
    if log.tells_of_secrets and not any(map(_is_for_youtube, jar)):
        message = f"{source}: its cookies are encrypted, and the key isn't given to this program"
        raise UsageError(f"{message}; take firefox, {_OTHER_WAY}")
    return _for_youtube(jar, source, f"sign in to youtube.com there, {_OTHER_WAY}")


def _for_youtube(jar: Iterable[Cookie], source: str, remedy: str) -> tuple[Cookie, ...]:
    cookies = tuple(filter(_is_for_youtube, jar))
    if not cookies:
        raise UsageError(f"{source}: holds no cookie for youtube.com; {remedy}")
    if all(cookie.is_expired() for cookie in cookies):
        raise UsageError(f"{source}: its cookies for youtube.com have expired; {remedy}")
    return cookies


def _is_for_youtube(cookie: Cookie) -> bool:
    return f".{cookie.domain}".endswith(".youtube.com")


class _Log:
    """Says nothing, and notes whether cookies can't be decrypted."""

    tells_of_secrets = False

    def debug(self, message: str, **_: object) -> None:
        self.tells_of_secrets |= "decrypt" in message

    info = warning = error = debug
