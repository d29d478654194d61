"""The measurements of docs/performance.md: each goal against a baseline, interleaved in the same run, medians of five."""
