"""Writes a new part of this repository from templates."""
