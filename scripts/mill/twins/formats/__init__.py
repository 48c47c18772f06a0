"""What twins check of what they are sent, by the documents of the services."""
