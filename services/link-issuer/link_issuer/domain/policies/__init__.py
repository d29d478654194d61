"""Channel policies: which parts a share kit may contain on each channel, and the rules for its text. One module per channel."""
