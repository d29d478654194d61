"""`referral replay`: starts a replay, waits for it, and shows who would gain and who would lose."""
