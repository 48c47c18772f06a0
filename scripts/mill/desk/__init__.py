"""The import desk at `mill serve`: the workspace's own page, bundled and served without a Windmill server."""
