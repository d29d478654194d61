"""The HTTP API of the leaderboard: boards, ranks, insights, and the public board page."""
