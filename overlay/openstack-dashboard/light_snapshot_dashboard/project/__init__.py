"""The pages of the project dashboard."""
