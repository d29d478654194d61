"""People: pseudonyms, and what identifies the person behind one."""
