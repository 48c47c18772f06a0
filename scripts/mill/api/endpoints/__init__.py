"""What the API offers, by subject: jobs, objects, values, approvals, webhooks, HTTP routes."""
