"""The folds: `attribute` judges who brought whom, `screen` whether it counts. They translate between the log and the domain."""
