"""A library on PostgreSQL, with pgvector for meaning and pg_textsearch for words. Needs the extra `postgres`."""
