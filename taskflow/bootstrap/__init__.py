"""The composition root: joins ports to adapters and starts what runs. Nothing imports this package."""
