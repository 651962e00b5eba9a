"""TaskFlow: a self-hosted task manager whose priorities are advised, explained and learned."""
