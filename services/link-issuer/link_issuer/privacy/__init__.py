"""People's rights: what is stored about a person is collected, or erased."""
