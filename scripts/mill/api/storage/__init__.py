"""What the API keeps: variables, resources and S3 objects, in files and one SQLite database."""
