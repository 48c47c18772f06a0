"""What Windmill does, one case a rule."""
