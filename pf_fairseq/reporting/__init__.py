"""What a person or a program reads: JSON, tables, pictures, GLUE's test files."""
