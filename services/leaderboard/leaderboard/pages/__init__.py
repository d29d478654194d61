"""What the leaderboard shows people: the public board."""
