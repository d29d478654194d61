"""HTTP: the redirect from a short link to the program's target, and the pages for links that do not work."""
