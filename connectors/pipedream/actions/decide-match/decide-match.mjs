// Written from Copyhound's catalogue by `make connectors`, never by hand.

import copyhound, { connection } from "../../common/client.mjs";

export default {
  key: "copyhound-decide-match",
  name: "Decide match",
  description: "Keeps what you say of a match: infringing, allowed or not a match. Searches don't change it.",
  version: "0.1.0",
  type: "action",
  props: {
    ...connection,
    matchId: {
      type: "string",
      label: "Match",
      description: "The match to decide on.",
      options(page) {
        return copyhound(this).choices("/api/v1/choices/matches", page);
      },
    },
    decision: {
      type: "string",
      label: "Decision",
      description: "What you make of it.",
      options: ["allowed", "infringing", "not_a_match", "open"],
    },
    note: {
      type: "string",
      label: "Note",
      description: "Left out, the one that is there stays; null takes it away.",
      optional: true,
    },
  },
  async run({ $ }) {
    const answer = await copyhound(this).act("decide_match", {
      "match_id": this.matchId,
      "decision": this.decision,
      "note": this.note,
    }, $.context);
    $.export("$summary", "Decide match: done");
    return answer;
  },
};
