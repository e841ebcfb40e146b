-- Schema 7: what is read has places of its own beside the seconds that reading takes.
ALTER TABLE cue ADD COLUMN anchor TEXT;      -- the id of the heading above, on a page
ALTER TABLE cue ADD COLUMN page INTEGER;     -- of a PDF, the first being 1
ALTER TABLE cue ADD COLUMN is_reference INTEGER NOT NULL DEFAULT 0;
ALTER TABLE chunk ADD COLUMN is_reference INTEGER NOT NULL DEFAULT 0;
