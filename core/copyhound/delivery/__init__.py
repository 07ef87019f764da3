"""Sign and send webhooks: Standard Webhooks signatures, one guarded request an attempt."""
