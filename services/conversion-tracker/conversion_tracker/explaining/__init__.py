"""Why: from what is remembered of a person to the lines of the log that it rests on, and to those it led to."""
