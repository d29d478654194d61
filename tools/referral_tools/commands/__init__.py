"""The subcommands of `referral`, one module each."""
