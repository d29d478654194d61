"""Pages of reward-dispatcher, in the language of the reader."""
