"""`referral demo`: sixty days of a campaign through the whole system in a minute, and every figure checked."""
