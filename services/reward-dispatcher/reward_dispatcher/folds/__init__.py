"""The two folds: `decide` turns conversions into grants and revocations, `ledger` keeps the account of each reward."""
