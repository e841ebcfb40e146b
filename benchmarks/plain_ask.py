"""What people write by hand: sentence-transformers and FAISS, one question, the nearest chunks.

usage: plain_ask.py FOLDER MODEL QUESTION    (FOLDER as plain_index.py lays it out)
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import faiss
from sentence_transformers import SentenceTransformer

folder, model_folder, question = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
model = SentenceTransformer(model_folder, device="cpu")
index = faiss.read_index(str(folder / "index.faiss"))
chunks = json.loads((folder / "chunks.json").read_text(encoding="utf-8"))
vector = model.encode([question], prompt_name="query", normalize_embeddings=True)
scores, found = index.search(vector, 5)
for score, k in zip(scores[0], found[0], strict=True):
    video, start, text = chunks[k]
    print(f"{score:.2f} https://www.youtube.com/watch?v={video}&t={int(start)}s {text[:200]}")
