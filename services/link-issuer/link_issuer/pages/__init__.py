"""What link-issuer shows to people: the share page, the poster, and the page at the end of a link that leads nowhere."""
