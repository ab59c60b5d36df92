"""How well near-duplicates are found: labelled sets, sent through the real API, judged by the groups that come back."""
