"""The two folds: `decide` turns conversions into grants, `ledger` keeps what becomes of each reward."""
