"""What each line of the attributions means to the conversions: one handler a kind of line."""
