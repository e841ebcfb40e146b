-- Schema 8: words and vectors lie in segments, and what belongs together is counted once.
-- The chunks of a transcript have consecutive ids, so a range says which they are.
ALTER TABLE transcript ADD COLUMN first_chunk INTEGER NOT NULL DEFAULT 0;
ALTER TABLE transcript ADD COLUMN chunks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE transcript ADD COLUMN seconds REAL NOT NULL DEFAULT 0;  -- where the last of its chunks ends
UPDATE transcript SET (first_chunk, chunks, seconds) = (
  SELECT coalesce(min(id), 0), count(*), coalesce(max(end), 0.0) FROM chunk WHERE transcript_id = transcript.id
);
DROP TABLE posting;
DROP TABLE vocabulary;
DROP TRIGGER chunk_terms;
-- Words: immutable segments over neighbouring ranges of chunk ids, `first` up to, not including, `stop`.
CREATE TABLE posting_segment (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  first INTEGER NOT NULL,
  stop INTEGER NOT NULL,
  chunks INTEGER NOT NULL,                  -- how many were there when it was written
  lengths BLOB NOT NULL                     -- how many terms each id has, in 16 bits, 0 where there is no chunk
) STRICT;
CREATE TABLE posting (
  segment INTEGER NOT NULL REFERENCES posting_segment ON DELETE CASCADE,
  term TEXT NOT NULL,
  chunks INTEGER NOT NULL,                  -- how many have the term
  data BLOB NOT NULL,                       -- which, and how often, see postings.py
  PRIMARY KEY (segment, term)
) STRICT, WITHOUT ROWID;
-- What the vectors of each language (a primary subtag) add up to, from which its means come.
CREATE TABLE language (
  name TEXT PRIMARY KEY,
  chunks INTEGER NOT NULL,
  total BLOB NOT NULL,                      -- of the chunks' vectors, float64
  windows INTEGER NOT NULL,
  window_total BLOB NOT NULL                -- of the windows' vectors, float64
) STRICT, WITHOUT ROWID;
-- What a resource is called, as terms, under the one that a question most likely has where it names the resource.
CREATE TABLE name (
  key TEXT NOT NULL,
  resource_id TEXT NOT NULL REFERENCES resource ON DELETE CASCADE,
  terms TEXT NOT NULL,                      -- a line each
  PRIMARY KEY (key, resource_id, terms)
) STRICT, WITHOUT ROWID;
CREATE INDEX name_resource ON name (resource_id);
