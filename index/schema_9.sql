-- Schema 9: what was said, and its pieces, lie in blocks of neighbours, which take less room and are read at once; and
-- long posting lists apart from short ones.
-- Not WITHOUT ROWID: a row of such a table keeps only a quarter of a page's bytes there, and wastes what is on others.
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
-- The lists for which `posting` has an empty one: rows with long ones would make a deep tree of it, and slow to search.
CREATE TABLE long_posting (
  segment INTEGER NOT NULL REFERENCES posting_segment ON DELETE CASCADE,
  term TEXT NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (segment, term)
) STRICT;
