"""What scripts, flows and their code say of themselves."""
