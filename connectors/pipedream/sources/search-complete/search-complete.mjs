// Written from Copyhound's catalogue by `make connectors`, never by hand.

import copyhound, { connection } from "../../common/client.mjs";
import common from "../../common/source.mjs";
import sampleEmit from "./test-event.mjs";

export default {
  ...common,
  key: "copyhound-search-complete",
  name: "Search complete",
  description: "Emits an event when every image of a search has its outcome from every provider.",
  version: "0.1.0",
  type: "source",
  props: {
    ...connection,
    http: { type: "$.interface.http", customResponse: true },
    db: "$.service.db",
    listIds: {
      type: "string[]",
      label: "List",
      description: "Only of these lists.",
      optional: true,
      default: [],
      options(page) {
        return copyhound(this).choices("/api/v1/choices/lists", page);
      },
    },
  },
  methods: {
    ...common.methods,
    filter() {
      return {
        "list_ids": this.listIds,
      };
    },
    title() {
      return "Search complete";
    },
    trigger() {
      return "search_complete";
    },
  },
  sampleEmit,
};
