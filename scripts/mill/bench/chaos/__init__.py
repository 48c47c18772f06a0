"""`mill bench chaos`: imports are killed or stopped at random points and resumed; then the ledgers are read.

Each file goes through `f/customers/create_customers` in a process of its own, against an API in another. The
process gets SIGKILL at a random moment, again and again, until a life is long enough to finish; or it is
stopped until another life of the same import has taken over, and goes on then. What the API's ledger holds is
compared with the file and with the reports of all lives.
"""
