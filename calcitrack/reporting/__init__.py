"""What is said about a timeline, in sentences and as the content of reports; pure."""
