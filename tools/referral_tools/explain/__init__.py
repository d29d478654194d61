"""Requests an explanation for `referral explain`, and shows it."""
