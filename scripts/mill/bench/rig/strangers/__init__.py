"""Customer APIs as other people build them, each with a ledger that does not depend on its replies."""
