// Written from Copyhound's catalogue by `make connectors`, never by hand.

import copyhound, { connection } from "../../common/client.mjs";
import common from "../../common/source.mjs";
import sampleEmit from "./test-event.mjs";

export default {
  ...common,
  key: "copyhound-hook-disabled",
  name: "Hook disabled",
  description: "Emits an event when a hook is disabled: its receiver fails or wants no more, or its lists are gone.",
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
      return "Hook disabled";
    },
    trigger() {
      return "hook_disabled";
    },
  },
  sampleEmit,
};
