"""A short answer in words, which a language model of the user's writes from the moments and which cites them."""
