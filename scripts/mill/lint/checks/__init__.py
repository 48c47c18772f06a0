"""The checks, each a WM family of codes."""
