"""What a script needs installed, found and resolved as Windmill's worker does."""
