"""Serve one exported agent: a chat page over a local model and the agent's own knowledge files.

Read in this order: ``__main__`` (how it starts), ``agent`` (how a question becomes an answer),
``page`` (what people see). The rest is what these three stand on.
"""
