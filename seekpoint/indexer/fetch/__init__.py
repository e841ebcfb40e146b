"""The way to the web, for all that is asked there."""
