-- Schema 1 of a library's database. A later version is a step of its own beside this file, see database.py.
CREATE TABLE resource (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  url TEXT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT,
  retry_after REAL,                         -- Unix seconds
  inputs TEXT,                              -- what the transcripts were made from: equal means nothing to do
  details TEXT NOT NULL DEFAULT '{}'        -- what the source says beside its words, as JSON
) STRICT;
-- Where a resource stands: one row a source and heading path. `listed` is 0 once it has left that source.
CREATE TABLE listing (
  source TEXT NOT NULL,
  resource_id TEXT NOT NULL REFERENCES resource ON DELETE CASCADE,
  position INTEGER NOT NULL,
  path TEXT NOT NULL,                       -- headings, as a JSON array
  title TEXT NOT NULL,                      -- the list's words; empty where it has a bare address
  listed INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (source, resource_id, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX listing_resource ON listing (resource_id);
CREATE TABLE transcript (
  id INTEGER PRIMARY KEY,
  resource_id TEXT NOT NULL REFERENCES resource ON DELETE CASCADE,
  language TEXT NOT NULL,
  origin TEXT NOT NULL
) STRICT;
CREATE INDEX transcript_resource ON transcript (resource_id);
CREATE TABLE cue (
  transcript_id INTEGER NOT NULL REFERENCES transcript ON DELETE CASCADE,
  position INTEGER NOT NULL,
  start REAL NOT NULL,
  end REAL NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (transcript_id, position)
) STRICT, WITHOUT ROWID;
-- An id is never given twice: a vector file that is older than the database can't name another chunk by mistake.
CREATE TABLE chunk (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  transcript_id INTEGER NOT NULL REFERENCES transcript ON DELETE CASCADE,
  first INTEGER NOT NULL,
  stop INTEGER NOT NULL,
  start REAL NOT NULL,
  end REAL NOT NULL
) STRICT;
CREATE INDEX chunk_transcript ON chunk (transcript_id);
CREATE TABLE vector (
  chunk_id INTEGER PRIMARY KEY REFERENCES chunk ON DELETE CASCADE,
  digest BLOB NOT NULL,                     -- of the text that was embedded
  data BLOB NOT NULL                        -- unit length, float16, the language's mean still in it
) STRICT;
CREATE VIRTUAL TABLE lexicon USING fts5 (terms, tokenize = 'ascii');
CREATE VIRTUAL TABLE vocabulary USING fts5vocab (lexicon, row);
CREATE TRIGGER chunk_terms AFTER DELETE ON chunk BEGIN DELETE FROM lexicon WHERE rowid = old.id; END;
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
