"""The storage of libraries. Other packages use its interface, `store.py`, and open libraries with `open.py`."""
