-- Schema 3: a chunk is found by the titles of its chapters too. `title_terms` is a function of ours, see database.py.
UPDATE lexicon SET terms = terms || ' ' || added
FROM (
  SELECT chunk.id AS chunk_id, title_terms(details, start, end) AS added
  FROM resource JOIN transcript ON resource_id = resource.id JOIN chunk ON transcript_id = transcript.id
  WHERE json_array_length(details, '$.chapters')
)
WHERE lexicon.rowid = chunk_id AND added <> '';
