"""Figures measured on this machine: each module is a `mill bench` command, or what several share."""
