// Written from Copyhound's catalogue by `make connectors`, never by hand.

export default {"id": "evt_sample_hook_disabled", "type": "hook_disabled", "timestamp": "2026-11-21T09:30:01Z", "sequence": 41, "hook_id": "hook_01k9x8r4tw6x0a4d8g2k5n9r3v", "target_url": "https://hooks.example.com/copyhound", "triggers": ["match_found"], "reason": "The receiver answered 410 Gone.", "failing_since": null};
