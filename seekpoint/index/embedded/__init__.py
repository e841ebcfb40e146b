"""The backend in a folder: SQLite holds the truth, FAISS files propose candidates."""
