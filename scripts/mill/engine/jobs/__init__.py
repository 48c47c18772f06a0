"""What a job is while it runs and afterwards: its handle, events, outcome, approvals."""
