"""Published claims about referral growth, each beside what a simulated campaign measured through the system."""
