"""`referral replay`: asks for a replay, watches it, and shows who would gain and who would lose."""
