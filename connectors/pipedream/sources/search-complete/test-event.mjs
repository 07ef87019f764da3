// Written from Copyhound's catalogue by `make connectors`, never by hand.

export default {"id": "evt_sample_search_complete", "type": "search_complete", "timestamp": "2026-11-21T09:30:01Z", "sequence": 41, "search_id": "search_01k9x8r4tv5w9z3c7f1j4m8q2t", "list_id": "list_01k9x8r4tq2m6v0c3h7s1n5w9e", "list_label": "Summer collection", "kind": "requested", "images": 12, "lookups": 12, "outcomes": {"answered": 9, "no_match": 3}, "matches": 31, "new_matches": 4, "created_at": "2026-11-21T09:29:40Z", "completed_at": "2026-11-21T09:30:01Z"};
