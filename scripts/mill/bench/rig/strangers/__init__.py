"""Customer APIs as other people build them, each with a ledger of its own that does not depend on its replies."""
