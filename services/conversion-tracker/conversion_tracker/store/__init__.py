"""What the folds remember, as the HTTP side reads it. For any number of threads; raises redis's errors where Redis is away."""
