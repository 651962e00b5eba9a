"""What fulfils the application's ports: queues, encryption."""
