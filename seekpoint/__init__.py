"""Ask a reading list a question, and land where the answer begins.

    >>> import seekpoint
    >>> seekpoint.build(["talks.md"], library="my-library")  # doctest: +SKIP
    >>> with seekpoint.open_library("my-library") as library:  # doctest: +SKIP
    ...     answer = library.ask("why does attention need a mask?")
    >>> answer.moments[0].link  # doctest: +SKIP
    'https://www.youtube.com/watch?v=…&t=706s'

Each public name is imported on first use, so that `import seekpoint` loads neither NumPy, FAISS nor torch.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:  # for type checkers, without the import of typing
    from seekpoint.api import Library, ask, build, open_library
    from seekpoint.index.errors import SeekpointError
    from seekpoint.index.types import (
        Chapter,
        Cue,
        Encoder,
        Kind,
        ModelCard,
        Origin,
        Reranker,
        Resource,
        ResourceStatus,
        State,
        Transcript,
    )
    from seekpoint.indexer.pipeline.build import Report
    from seekpoint.query.answers import (
        Answer,
        Citation,
        CitedSentence,
        Confidence,
        Estimate,
        Explanation,
        Moment,
        Reading,
        Respelling,
        Translation,
        Verdict,
        Window,
    )
    from seekpoint.query.output.status import LibraryStatus
    from seekpoint.query.reading.language_reader import ChatModel, LanguageReader
    from seekpoint.query.reading.model import Endpoint

    __version__: str

__all__ = [
    "Answer",
    "Chapter",
    "ChatModel",
    "Citation",
    "CitedSentence",
    "Confidence",
    "Cue",
    "Encoder",
    "Endpoint",
    "Estimate",
    "Explanation",
    "Kind",
    "LanguageReader",
    "Library",
    "LibraryStatus",
    "ModelCard",
    "Moment",
    "Origin",
    "Reading",
    "Report",
    "Reranker",
    "Resource",
    "ResourceStatus",
    "Respelling",
    "SeekpointError",
    "State",
    "Transcript",
    "Translation",
    "Verdict",
    "Window",
    "ask",
    "build",
    "open_library",
]

_MODULES = {
    "seekpoint.api": ("Library", "ask", "build", "open_library"),
    "seekpoint.index.errors": ("SeekpointError",),
    "seekpoint.index.types": (
        *("Chapter", "Cue", "Encoder", "Kind", "ModelCard", "Origin", "Reranker", "Resource"),
        *("ResourceStatus", "State", "Transcript"),
    ),
    "seekpoint.indexer.pipeline.build": ("Report",),
    "seekpoint.query.answers": (
        *("Answer", "Citation", "CitedSentence", "Confidence", "Estimate", "Explanation", "Moment", "Reading"),
        *("Respelling", "Translation", "Verdict", "Window"),
    ),
    "seekpoint.query.output.status": ("LibraryStatus",),
    "seekpoint.query.reading.language_reader": ("ChatModel", "LanguageReader"),
    "seekpoint.query.reading.model": ("Endpoint",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        globals()[name] = version(__name__)
        return globals()[name]
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_MODULE_OF[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
