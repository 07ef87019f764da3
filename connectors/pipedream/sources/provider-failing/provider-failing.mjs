// Written from Copyhound's catalogue by `make connectors`, never by hand.

import copyhound, { connection } from "../../common/client.mjs";
import common from "../../common/source.mjs";
import sampleEmit from "./test-event.mjs";

export default {
  ...common,
  key: "copyhound-provider-failing",
  name: "Provider failing",
  description: "Emits an event when lookups of a provider fail again and again; once, until it has been well again.",
  version: "0.1.0",
  type: "source",
  props: {
    ...connection,
    http: { type: "$.interface.http", customResponse: true },
    db: "$.service.db",
    providers: {
      type: "string[]",
      label: "Providers",
      description: "Only what is about one of these providers.",
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
        "providers": this.providers,
      };
    },
    title() {
      return "Provider failing";
    },
    trigger() {
      return "provider_failing";
    },
  },
  sampleEmit,
};
