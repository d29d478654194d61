"""HTTP: reclassification of recorded clicks."""
