"""What link-issuer decides: names, codes, versions, targets, links, visitors. Nothing here does I/O."""
