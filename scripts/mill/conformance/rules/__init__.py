"""What Windmill does, one case a rule."""

TRUE_OF = "1.743.0"  # the version of the server that these tables were last held against
