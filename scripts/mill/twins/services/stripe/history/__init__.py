"""What happened in the account: its events, and the objects that the sample events are about."""
