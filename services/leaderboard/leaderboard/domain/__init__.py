"""What the leaderboard decides, without asking anybody: periods, standings, ranks, counts. Pure functions and values."""
