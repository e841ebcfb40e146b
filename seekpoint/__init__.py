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
    from seekpoint.api import Library as Library
    from seekpoint.api import ask as ask
    from seekpoint.api import build as build
    from seekpoint.api import open_library as open_library
    from seekpoint.index.errors import SeekpointError as SeekpointError
    from seekpoint.index.types import Chapter as Chapter
    from seekpoint.index.types import Cue as Cue
    from seekpoint.index.types import Encoder as Encoder
    from seekpoint.index.types import Kind as Kind
    from seekpoint.index.types import ModelCard as ModelCard
    from seekpoint.index.types import Origin as Origin
    from seekpoint.index.types import Reranker as Reranker
    from seekpoint.index.types import Resource as Resource
    from seekpoint.index.types import ResourceStatus as ResourceStatus
    from seekpoint.index.types import State as State
    from seekpoint.index.types import Transcript as Transcript
    from seekpoint.indexer.pipeline.build import Report as Report
    from seekpoint.query.answers import Answer as Answer
    from seekpoint.query.answers import Citation as Citation
    from seekpoint.query.answers import CitedSentence as CitedSentence
    from seekpoint.query.answers import Confidence as Confidence
    from seekpoint.query.answers import Estimate as Estimate
    from seekpoint.query.answers import Explanation as Explanation
    from seekpoint.query.answers import Moment as Moment
    from seekpoint.query.answers import Reading as Reading
    from seekpoint.query.answers import Respelling as Respelling
    from seekpoint.query.answers import Translation as Translation
    from seekpoint.query.answers import Verdict as Verdict
    from seekpoint.query.answers import Window as Window
    from seekpoint.query.output.status import LibraryStatus as LibraryStatus
    from seekpoint.query.reading.language_reader import ChatModel as ChatModel
    from seekpoint.query.reading.language_reader import LanguageReader as LanguageReader
    from seekpoint.query.reading.model import Endpoint as Endpoint

    __version__: str

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
__all__ = sorted(_MODULE_OF)


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
