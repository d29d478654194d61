"""What docs/performance.md says, measured: each goal against a baseline, interleaved in the same run, medians of five."""
