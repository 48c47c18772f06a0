"""HTTP as it comes and goes: requests into plain calls or arguments of a job, results into replies."""
