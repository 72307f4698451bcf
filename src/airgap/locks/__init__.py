"""The lock files: what every input is, by name, version, size and sha256, and never where from."""
