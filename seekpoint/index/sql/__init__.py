"""The form of what is stored: bytes and rows, the same in every backend."""
