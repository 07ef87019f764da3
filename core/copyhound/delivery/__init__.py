"""Sign and send webhooks."""
