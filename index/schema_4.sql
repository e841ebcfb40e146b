-- Schema 4: pieces of a transcript of some ten seconds, from which a window of any size gets its vector.
CREATE TABLE piece (
  transcript_id INTEGER NOT NULL REFERENCES transcript ON DELETE CASCADE,
  start REAL NOT NULL,
  tokens INTEGER NOT NULL,                  -- how many vectors the mean is of
  scale REAL NOT NULL,                      -- what a step of `data` is worth
  data BLOB NOT NULL,                       -- the mean of the tokens' vectors, a signed byte a dimension
  digest BLOB NOT NULL,                     -- of the text
  PRIMARY KEY (transcript_id, start)
) STRICT, WITHOUT ROWID;
