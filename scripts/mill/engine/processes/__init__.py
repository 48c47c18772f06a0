"""The processes scripts run in: one that forks, workers that run, what passes between them."""
