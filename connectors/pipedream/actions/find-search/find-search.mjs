// Written from Copyhound's catalogue by `make connectors`, never by hand.

import copyhound, { connection } from "../../common/client.mjs";

export default {
  key: "copyhound-find-search",
  name: "Find search",
  description: "Tells how far a search is: whether it is complete, what it found, and who did not answer, and why.",
  version: "0.1.0",
  type: "action",
  props: {
    ...connection,
    searchId: {
      type: "string",
      label: "Search",
      description: "The search to look at; `start_search` answered it.",
      options(page) {
        return copyhound(this).choices("/api/v1/choices/searches", page);
      },
    },
  },
  async run({ $ }) {
    const answer = await copyhound(this).act("find_search", {
      "search_id": this.searchId,
    }, $.context);
    $.export("$summary", "Find search: done");
    return answer;
  },
};
