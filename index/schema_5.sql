-- Schema 5: what words mean in other languages, as far as the library has the translation; and where terms stand.
CREATE TABLE translation (
  source TEXT NOT NULL,                     -- the word's language, a primary subtag; empty for any
  word TEXT NOT NULL,                       -- the key that a question's terms are joined to
  target TEXT NOT NULL,                     -- the language of the translations
  alternatives TEXT NOT NULL,               -- each a list of terms, as JSON
  PRIMARY KEY (source, word, target)
) STRICT, WITHOUT ROWID;
CREATE VIRTUAL TABLE posting USING fts5vocab (lexicon, instance);
