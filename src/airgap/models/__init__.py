"""Brings a model's files from the hub, a folder or a package, as a server loads them."""
