"""The page to ask on and the HTTP API, both on the same answers as every other way to ask."""
