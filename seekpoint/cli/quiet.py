"""Keeping off the terminal what libraries log: its lines are Seekpoint's own."""

from __future__ import annotations

import logging

from stamina.instrumentation import set_on_retry_hooks

_NOWHERE = logging.NullHandler()


def quiet() -> None:
    """Let no library log to the terminal by itself, for a process that is a command.

    stamina tells each retry to structlog, which prints, wherever that is installed. Python prints warnings that no
    handler takes, and a library that sets up logging of its own does so only where nobody has.
    """
    set_on_retry_hooks(())
    logging.getLogger().addHandler(_NOWHERE)
