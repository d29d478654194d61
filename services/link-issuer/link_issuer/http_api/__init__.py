"""What link-issuer receives over HTTP."""
