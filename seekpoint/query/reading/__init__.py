"""A reader: a language model, or an assistant, that chooses the answer among the first passages."""
