"""mill: runs a Windmill workspace's Python scripts and flows on a laptop, with no Windmill server."""
