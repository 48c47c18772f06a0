"""The document as one HTML page."""
