"""Sends webhooks as the providers do, written from what they document, with nothing of ours that checks them."""
