"""`mill bench webhooks --kills`: webhooks in all weathers, while what takes them in is killed.

A provider with a ledger sends events of every kind until each is answered by a 2xx: doubled, out of order, in
storms, large, slowly. A receiver, dispatchers and handlers live in processes of their own that get SIGKILL at
random moments, or are stopped until others have taken over. Handlers have an effect at a service with a
ledger of its own. In the end the ledgers are held against each other, and nothing of `f/webhooks` is asked
what it believes.
"""
