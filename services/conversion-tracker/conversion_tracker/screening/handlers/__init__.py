"""One handler for each kind of line of `attributions`."""
