// Written from Copyhound's catalogue by `make connectors`, never by hand.

import copyhound, { connection } from "../../common/client.mjs";
import common from "../../common/source.mjs";
import sampleEmit from "./test-event.mjs";

export default {
  ...common,
  key: "copyhound-match-removed",
  name: "Match removed",
  description: "Emits an event when a copy is gone from its address, or another picture stands there.",
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
    minConfidence: {
      type: "string",
      label: "Min confidence",
      description: "Only matches as sure as this.",
      optional: true,
    },
    minScore: {
      type: "string",
      label: "Min score",
      description: "Only copies that were changed as little as this.",
      optional: true,
    },
    matchTypes: {
      type: "string[]",
      label: "Match types",
      description: "Only matches of these types.",
      optional: true,
      options: ["full", "partial"],
      default: [],
    },
    domains: {
      type: "string[]",
      label: "Domains",
      description: "Only copies on these registrable domains, such as example.com.",
      optional: true,
      default: [],
    },
    providers: {
      type: "string[]",
      label: "Providers",
      description: "Only what one of these providers found, or is about.",
      optional: true,
      default: [],
      options(page) {
        return copyhound(this).choices("/api/v1/choices/providers", page);
      },
    },
  },
  methods: {
    ...common.methods,
    filter() {
      return {
        "list_ids": this.listIds,
        "min_confidence": this.minConfidence && Number(this.minConfidence),
        "min_score": this.minScore && Number(this.minScore),
        "match_types": this.matchTypes,
        "domains": this.domains,
        "providers": this.providers,
      };
    },
    title() {
      return "Match removed";
    },
    trigger() {
      return "match_removed";
    },
  },
  sampleEmit,
};
