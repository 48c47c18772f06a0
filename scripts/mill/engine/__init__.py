"""Runs flows and scripts with Windmill's semantics: what runs is here, what it stands on in the wings."""
