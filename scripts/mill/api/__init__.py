"""The loopback stand-in of the Windmill API: what the official client calls, HTTP routes, webhooks."""
