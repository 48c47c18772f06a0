"""A Windmill repository on disk: files by Windmill path, YAML, Python, and the CLI that pushes it."""
