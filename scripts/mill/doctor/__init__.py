"""`mill doctor`: what a set-up has, what it lacks, and what to do about it."""
