"""Django's PostgreSQL backend with a pool of our own terms. Named as ENGINE in the settings."""
