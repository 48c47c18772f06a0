"""Imports for a person at a terminal."""
