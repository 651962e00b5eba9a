"""Rules, pure: no clock, no network, no database."""
