"""The referral graph: edges between participants, cycle detection, network size by degree."""
