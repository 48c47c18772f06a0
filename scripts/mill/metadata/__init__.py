"""Forms, locks and hashes as `wmill generate-metadata` makes them, without a server."""
