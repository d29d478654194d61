"""What anyone can verify offline: inclusion in a Merkle tree, the proof of a rank, a draw and the randomness that it used."""
