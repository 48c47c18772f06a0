"""What would go wrong on Windmill, found before the push."""
