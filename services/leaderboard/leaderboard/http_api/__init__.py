"""What the leaderboard answers over HTTP: boards, ranks, insights, and the public board page."""
