"""The console: roles, credentials and sessions of operators, and what guards the views of every service that it consists of."""
