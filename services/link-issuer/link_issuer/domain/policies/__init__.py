"""What each channel lets a share kit carry, and the rules that a kit must keep: one module a channel."""
