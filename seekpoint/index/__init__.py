"""What a library stores, behind one door: `store` and `open`."""
