"""HTTP: links of participants, and their QR codes."""
