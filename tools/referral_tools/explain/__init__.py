"""An explanation as `referral explain` asks for it and shows it to people."""
