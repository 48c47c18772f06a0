"""Sends webhooks as the providers do, written from their documents, not from what verifies them."""
