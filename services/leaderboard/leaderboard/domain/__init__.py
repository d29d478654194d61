"""What the leaderboard computes: periods, scores, ranks and counts. Pure functions and values."""
