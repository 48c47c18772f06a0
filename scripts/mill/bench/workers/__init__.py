"""What a measurement runs in processes of its own, ours and what one would write instead."""
