"""What is stored about a person: exported, corrected, erased."""
