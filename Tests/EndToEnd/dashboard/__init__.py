"""The dashboard in headless Chromium, against the built program."""
