"""Who brought whom, and whether it counts. Pure: the standard library, `referral.events`, and msgspec structs to keep states in."""
