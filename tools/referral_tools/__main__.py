"""`python -m referral_tools`: the `referral` command."""

from referral_tools.cli import main

main(prog_name="referral")
