"""Lines that were set aside for a program: listed, shown and replayed."""
