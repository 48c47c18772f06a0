"""Loopback stand-ins of remote services: their URLs, shapes, limits; a ledger of what was applied; faults."""
