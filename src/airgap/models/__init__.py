"""Turns what an origin holds of a model into the folder that a server loads, byte for byte alike."""
