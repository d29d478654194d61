"""The console views of this service: rewards that wait for a person, and single rewards."""
