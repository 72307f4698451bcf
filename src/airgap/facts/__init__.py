"""What a bundle says of its stack and its model, so that a host can be checked before loading."""
