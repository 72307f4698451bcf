"""Starts vLLM's OpenAI-compatible server on a machine without a network."""
