"""The console views of this service: held referrals, and people."""
