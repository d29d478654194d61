"""The desk: text that operators paste, such as comments, becomes events. What a line becomes is decided by pure functions."""
