"""Where a Windmill server differs from the rules that `mill` runs by."""
