"""What a flow or script is: its file, its steps, its signature, the arguments it takes."""
