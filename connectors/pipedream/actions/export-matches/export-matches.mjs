// Written from Copyhound's catalogue by `make connectors`, never by hand.

import copyhound, { connection } from "../../common/client.mjs";

export default {
  key: "copyhound-export-matches",
  name: "Export matches",
  description: "Gives the matches of a list as rows, and the address of the whole export.",
  version: "0.1.0",
  type: "action",
  props: {
    ...connection,
    listId: {
      type: "string",
      label: "List",
      description: "The list whose matches are wanted.",
      options(page) {
        return copyhound(this).choices("/api/v1/choices/lists", page);
      },
    },
    matchType: {
      type: "string",
      label: "Match type",
      description: "Only matches of this type.",
      optional: true,
      options: ["full", "partial"],
    },
    minConfidence: {
      type: "string",
      label: "Min confidence",
      description: "Only matches as sure as this.",
      optional: true,
    },
    foundAfter: {
      type: "string",
      label: "Found after",
      description: "Only matches that were found after this time.",
      optional: true,
    },
  },
  async run({ $ }) {
    const answer = await copyhound(this).act("export_matches", {
      "list_id": this.listId,
      "match_type": this.matchType,
      "min_confidence": this.minConfidence && Number(this.minConfidence),
      "found_after": this.foundAfter,
    }, $.context);
    $.export("$summary", "Export matches: done");
    return answer;
  },
};
