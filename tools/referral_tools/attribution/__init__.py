"""How attribution decides, case by case: tables that the tests play through the fold, and that `referral docs` writes down."""
