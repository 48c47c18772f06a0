"""What everything is called: environment names, what they stand for, and where a credential comes from."""
