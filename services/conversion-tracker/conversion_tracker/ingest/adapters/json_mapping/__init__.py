"""Any JSON webhook, mapped by the `adapters` section of the program file."""
