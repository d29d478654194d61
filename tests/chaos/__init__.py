"""Real processes killed, stopped and wiped, while a journal keeps what was acked; the oracle's figures must come out."""
