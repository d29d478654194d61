"""Rewards as pure functions of lines and state: which are granted, their life cycle, code pools, redemption."""
