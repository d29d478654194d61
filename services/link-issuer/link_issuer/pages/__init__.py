"""What link-issuer shows to people: the page at the end of a link that leads nowhere."""
