"""A referrer's own view of their friends, for the wallet: who counts, why one does not, and appeals."""
