"""Serve upstream's AgentFabric without any use of a network, and without editing its files.

Read in this order: ``__main__`` (how it starts), ``adaptations`` (the one list of what is changed
in upstream, and why), ``serve`` (what answers the browser). The rest is what these stand on.
"""
