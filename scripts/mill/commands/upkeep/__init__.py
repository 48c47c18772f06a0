"""The commands that look after a repository and its workspace, one module each."""
