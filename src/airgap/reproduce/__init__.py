"""Builds a bundle twice, from nothing but what its locks name, on two machines as unlike each other
as this one can be made to look, and compares every file: the command ``reproduce``."""
