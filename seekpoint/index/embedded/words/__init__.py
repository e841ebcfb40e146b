"""Words: the terms of chunks in the database, and a tantivy index that proposes chunks by them."""
