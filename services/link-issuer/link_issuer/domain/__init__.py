"""Decisions of link-issuer: names, codes, program versions, links, share kits, visitors. No I/O."""
