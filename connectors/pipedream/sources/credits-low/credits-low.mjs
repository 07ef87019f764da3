// Written from Copyhound's catalogue by `make connectors`, never by hand.

import copyhound, { connection } from "../../common/client.mjs";
import common from "../../common/source.mjs";
import sampleEmit from "./test-event.mjs";

export default {
  ...common,
  key: "copyhound-credits-low",
  name: "Credits low",
  description: "Emits an event when a quarter of the workspace's credits is left; once, until further ones are granted.",
  version: "0.1.0",
  type: "source",
  props: {
    ...connection,
    http: { type: "$.interface.http", customResponse: true },
    db: "$.service.db",
  },
  methods: {
    ...common.methods,
    filter() {
      return {
      };
    },
    title() {
      return "Credits low";
    },
    trigger() {
      return "credits_low";
    },
  },
  sampleEmit,
};
