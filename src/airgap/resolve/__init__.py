"""Makes locks anew from short input files. Needs the network; building from a lock does not."""
