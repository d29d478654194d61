"""The wallet's parts of link-issuer: the share sheet, and the preferences."""
