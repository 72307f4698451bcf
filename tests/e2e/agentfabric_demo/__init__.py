"""A package, because pytest then ends what its tests share as soon as the last is over."""
