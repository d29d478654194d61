"""What a reward is owed for, what becomes of it, who may use it: pure functions, facts in, lines and state out."""
