-- Schema 2: playlists and channels.
-- What a playlist held when it was last listed. Its videos stand in `listing` too, under the lists that name it.
CREATE TABLE playlist_entry (
  playlist_id TEXT NOT NULL REFERENCES resource ON DELETE CASCADE,
  position INTEGER NOT NULL,
  resource_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  url TEXT NOT NULL,
  title TEXT NOT NULL,
  fault TEXT,                               -- why it can't be had, as the playlist tells
  PRIMARY KEY (playlist_id, position)
) STRICT, WITHOUT ROWID;
