"""The join page: followers enrol themselves, and prove that their handle is theirs."""
