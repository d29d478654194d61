"""HTTP: share kits, the share page with its poster, and reports of shares."""
