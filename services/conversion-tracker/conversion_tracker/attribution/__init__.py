"""Attribution: the fold that credits a follower to a referrer, the rules it applies, and the API of people."""
