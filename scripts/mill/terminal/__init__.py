"""A run as a person at the terminal sees it: what is handed in, shown meanwhile, said at the end."""
