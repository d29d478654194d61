"""What websites of a program load from this service: referral.js, and the invitation for a banner."""
