"""What the checks read and report: documents, flows and scripts, and places in them."""
