"""The directory: participants, links, codes, mentions and people in one memory-mapped file for all processes of a host (LMDB)."""
