"""Rules made of another rule: one file per wrapper, found by its name."""
