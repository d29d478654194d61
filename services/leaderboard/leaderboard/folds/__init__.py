"""What the leaderboard consumes: conversions for boards, attributions for growth, events for activity. None has
outputs.
"""
