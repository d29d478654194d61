"""The design of every page, in one place: tokens and styles, base template and macros, languages and their catalogues."""
