"""What platforms send, as our events: pure translation, each with where in their words each of our fields stands."""
