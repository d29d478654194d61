"""What all pages share: design tokens, styles, base template, macros, languages and translations."""
