"""HTTP requests to addresses that others name: only public ones can be reached."""
