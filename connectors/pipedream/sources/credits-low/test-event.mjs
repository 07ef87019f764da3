// Written from Copyhound's catalogue by `make connectors`, never by hand.

export default {"id": "evt_sample_credits_low", "type": "credits_low", "timestamp": "2026-11-21T09:30:01Z", "sequence": 41, "remaining": 1250, "granted": 5000, "expires_at": "2028-11-20T00:00:00Z"};
