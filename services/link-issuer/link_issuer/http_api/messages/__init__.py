"""Messages to promoters: how people end them."""
