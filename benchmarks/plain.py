"""What people write by hand: sentence-transformers and FAISS, one question, the nearest chunks.

usage: python -m benchmarks.plain LIBRARY FOLDER    lays a library's chunks out in FOLDER, and prints how many
       plain.py FOLDER MODEL QUESTION               asks them
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import faiss


def lay_out(library: Path, folder: Path) -> int:
    """Write the chunks and their vectors as `ask` reads them; returns how many there are."""
    from benchmarks.base import stored_chunks

    chunks, vectors = stored_chunks(library)
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    faiss.write_index(index, str(folder / "index.faiss"))
    (folder / "chunks.json").write_text(json.dumps(chunks, ensure_ascii=False), encoding="utf-8")
    return len(chunks)


def ask(folder: Path, model_folder: str, question: str) -> None:
    """Load the model and the chunks, and print the five nearest."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(model_folder, device="cpu")
    index = faiss.read_index(str(folder / "index.faiss"))
    chunks = json.loads((folder / "chunks.json").read_text(encoding="utf-8"))
    vector = model.encode([question], prompt_name="query", normalize_embeddings=True)
    scores, found = index.search(vector, 5)
    for score, k in zip(scores[0], found[0], strict=True):
        video, start, text = chunks[k]
        print(f"{score:.2f} https://www.youtube.com/watch?v={video}&t={int(start)}s {text[:200]}")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(lay_out(Path(sys.argv[1]), Path(sys.argv[2])))
    else:
        ask(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
