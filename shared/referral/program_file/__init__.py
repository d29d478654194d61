"""Validation of program files, the same for PUT /v1/programs, `referral program check` and replays."""
