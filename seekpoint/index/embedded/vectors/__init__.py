"""The vectors: FAISS segments that propose candidates, exact cosines from the database."""
