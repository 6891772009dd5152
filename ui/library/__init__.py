"""The library: what the program knows, for a person to read and to doubt."""
