// Written from Copyhound's catalogue by `make connectors`, never by hand.

export default {"id": "evt_sample_provider_failing", "type": "provider_failing", "timestamp": "2026-11-21T09:30:01Z", "sequence": 41, "provider": "tineye", "outcome": "transient", "reason": "tineye failed: it did not answer within 60 seconds", "failures": 5, "failing_since": "2026-11-21T09:12:44Z"};
