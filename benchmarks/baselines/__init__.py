"""What the goals are measured against: the same job done the plain way."""
