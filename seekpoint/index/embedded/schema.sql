-- The tables of a library in a folder beside those of ../sql/tables.sql.
-- An id is never given twice: a vector file that is older than the database can't name another chunk by mistake.
CREATE TABLE chunk (
  id INTEGER PRIMARY KEY,
  transcript_id INTEGER NOT NULL REFERENCES transcript ON DELETE CASCADE,
  first INTEGER NOT NULL,                   -- its first cue, and the one after its last
  stop INTEGER NOT NULL,
  start REAL NOT NULL,
  end REAL NOT NULL,
  is_reference INTEGER NOT NULL DEFAULT 0,  -- whether it is of a bibliography
  terms BLOB NOT NULL                       -- which terms it has, and how often: see ../sql/term_counts.py
) STRICT;
CREATE INDEX chunk_transcript ON chunk (transcript_id);
CREATE TABLE vector (
  chunk_id INTEGER PRIMARY KEY REFERENCES chunk ON DELETE CASCADE,
  digest BLOB NOT NULL,                     -- of the text that was embedded
  data BLOB NOT NULL                        -- unit length, the language's mean still in it, packed by ../sql/stored_vectors.py
) STRICT;
-- The checksums of the rows of each table: see checksums.py.
CREATE TABLE checksum (
  table_name TEXT NOT NULL,
  key TEXT NOT NULL,                        -- what the rows belong to: the id of a resource, a name, or nothing
  sum INTEGER NOT NULL,
  PRIMARY KEY (table_name, key)
) STRICT, WITHOUT ROWID;
