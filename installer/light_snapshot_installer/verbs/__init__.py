"""The four verbs of `light-snapshot`, one module each."""
