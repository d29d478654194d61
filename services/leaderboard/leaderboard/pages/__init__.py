"""The public pages of the leaderboard."""
