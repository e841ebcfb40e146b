-- The tables of a library, schema 4, that both backends have, in the dialect of SQLite. They hold the truth; indexes
-- only propose candidates.
CREATE TABLE resource (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  url TEXT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT,
  retry_after REAL,                         -- Unix seconds
  inputs TEXT,                              -- what the transcripts were made from: equal means nothing to do
  details TEXT NOT NULL DEFAULT '{}',       -- title, channel, chapters and so on as the source states them, as JSON
  published TEXT,                           -- the date of these, or that of the list, as YYYY, YYYY-MM or YYYY-MM-DD
  added REAL                                -- when it was indexed first, in Unix seconds
) STRICT;
-- Where a resource stands: one row a source and heading path. `listed` is 0 once it has left that source. `named_by` is
-- who named the source: owner, page, assistant or import.
CREATE TABLE listing (
  source TEXT NOT NULL,
  resource_id TEXT NOT NULL REFERENCES resource ON DELETE CASCADE,
  position INTEGER NOT NULL,
  path TEXT NOT NULL,                       -- headings, as a JSON array
  title TEXT NOT NULL,                      -- the list's words; empty where it has a bare address
  details TEXT NOT NULL DEFAULT '{}',       -- what a bibliography states of it, as JSON
  named_by TEXT NOT NULL DEFAULT 'owner',
  listed INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (source, resource_id, path)
) STRICT, WITHOUT ROWID;
CREATE INDEX listing_resource ON listing (resource_id);
-- What a playlist held when it was last listed. Its videos stand in `listing` too, under the lists that name it.
CREATE TABLE playlist_entry (
  playlist_id TEXT NOT NULL REFERENCES resource ON DELETE CASCADE,
  position INTEGER NOT NULL,
  resource_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  url TEXT NOT NULL,
  title TEXT NOT NULL,
  fault TEXT,                               -- why the video is unavailable, as the playlist states it
  PRIMARY KEY (playlist_id, position)
) STRICT, WITHOUT ROWID;
-- The terms of a resource's title, under the term that a question most likely has where it names the resource.
CREATE TABLE name (
  key TEXT NOT NULL,
  resource_id TEXT NOT NULL REFERENCES resource ON DELETE CASCADE,
  terms TEXT NOT NULL,                      -- a line each
  PRIMARY KEY (key, resource_id, terms)
) STRICT, WITHOUT ROWID;
CREATE INDEX name_resource ON name (resource_id);
-- The chunks of a transcript have consecutive ids, so a range says which they are. Its chapters are those that were made
-- of what is said: see stored_rows.py.
CREATE TABLE transcript (
  id INTEGER PRIMARY KEY,
  resource_id TEXT NOT NULL REFERENCES resource ON DELETE CASCADE,
  language TEXT NOT NULL,
  origin TEXT NOT NULL,
  first_chunk INTEGER NOT NULL DEFAULT 0,
  chunks INTEGER NOT NULL DEFAULT 0,
  seconds REAL NOT NULL DEFAULT 0,          -- where the last of its chunks ends
  terms INTEGER NOT NULL DEFAULT 0,         -- how many its chunks have together, with repetitions
  chapters TEXT NOT NULL DEFAULT '[]'
) STRICT;
CREATE INDEX transcript_resource ON transcript (resource_id);
-- Cues and pieces lie in blocks of neighbours, which take less room and are read at once. Not WITHOUT ROWID: a row of
-- such a table keeps only a quarter of a page's bytes there, and wastes the rest of its overflow page.
CREATE TABLE cue_block (
  transcript_id INTEGER NOT NULL REFERENCES transcript ON DELETE CASCADE,
  first INTEGER NOT NULL,                   -- the position of its first cue
  data BLOB NOT NULL,                       -- see cue_blocks.py
  PRIMARY KEY (transcript_id, first)
) STRICT;
CREATE TABLE piece_block (
  transcript_id INTEGER NOT NULL REFERENCES transcript ON DELETE CASCADE,
  start REAL NOT NULL,                      -- where its first piece begins
  data BLOB NOT NULL,                       -- see piece_blocks.py
  PRIMARY KEY (transcript_id, start)
) STRICT;
-- What a language model noted of a stretch of a transcript, some five minutes: see ../text/stretches.py. It stays while
-- the words of the stretch do.
CREATE TABLE stretch (
  id TEXT PRIMARY KEY,                      -- the id of the resource, a space, and the number of the stretch
  resource_id TEXT NOT NULL REFERENCES resource ON DELETE CASCADE,
  language TEXT NOT NULL,                   -- that of the transcript
  digest BLOB NOT NULL,                     -- of its words
  reader TEXT NOT NULL,                     -- who noted it
  titles TEXT NOT NULL                      -- the chapters that begin in it, as those of a transcript
) STRICT, WITHOUT ROWID;
CREATE INDEX stretch_resource ON stretch (resource_id);
-- The questions that a stretch answers, in one language.
CREATE TABLE question_block (
  stretch_id TEXT NOT NULL,
  language TEXT NOT NULL,                   -- a primary subtag
  resource_id TEXT NOT NULL REFERENCES resource ON DELETE CASCADE,
  questions TEXT NOT NULL,                  -- each a second and a text, as JSON
  vectors BLOB NOT NULL,                    -- one for each, as those of chunks; empty after a change of the model
  PRIMARY KEY (stretch_id, language)
) STRICT;
CREATE INDEX question_block_resource ON question_block (resource_id);
-- The sums of the vectors of each language (a primary subtag), from which its means come.
CREATE TABLE language (
  name TEXT PRIMARY KEY,
  chunks INTEGER NOT NULL,
  total BLOB NOT NULL,                      -- of the chunks' vectors, float64
  windows INTEGER NOT NULL,
  window_total BLOB NOT NULL                -- of the windows' vectors, float64
) STRICT, WITHOUT ROWID;
-- The numbers by which chunks name their terms. Rows stay when the last chunk with a term is removed.
CREATE TABLE term (number INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
-- What words mean in other languages, as far as the library has the translation.
CREATE TABLE translation (
  source TEXT NOT NULL,                     -- the word's language, a primary subtag; empty for any
  word TEXT NOT NULL,                       -- the key that a question's terms are joined to
  target TEXT NOT NULL,                     -- the language of the translations
  alternatives TEXT NOT NULL,               -- each a list of terms, as JSON
  PRIMARY KEY (source, word, target)
) STRICT, WITHOUT ROWID;
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
-- What people keep. It refers to no other table, since it stays when its resource is removed or built anew.
CREATE TABLE kept (
  resource_id TEXT NOT NULL,
  place TEXT NOT NULL,                      -- see KeptMoment in ../types.py
  kind TEXT NOT NULL,                       -- what follows is as it was when the moment was kept
  title TEXT NOT NULL,
  url TEXT NOT NULL,
  language TEXT NOT NULL,
  start REAL,
  page INTEGER,
  anchor TEXT,
  quote TEXT NOT NULL,
  link TEXT NOT NULL,
  question TEXT NOT NULL,
  added REAL NOT NULL,                      -- Unix seconds
  note TEXT NOT NULL,
  collection TEXT NOT NULL,                 -- empty for none
  PRIMARY KEY (resource_id, place)
) STRICT;
