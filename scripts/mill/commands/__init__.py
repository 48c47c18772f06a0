"""The commands of `mill`, one module each."""
