"""Calls of agents whose answers are lost, and the ledgers that say what became of them.

An agent repeats a call that it has no answer to, as agents do. Between it and the server a proxy swallows
answers after the effect was had, and breaks off calls under way; the server gets SIGKILL; between the server
and the services answers are lost too. The twins of the services keep a ledger of every effect.
"""
