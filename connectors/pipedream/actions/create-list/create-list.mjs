// Written from Copyhound's catalogue by `make connectors`, never by hand.

import copyhound, { connection } from "../../common/client.mjs";

export default {
  key: "copyhound-create-list",
  name: "Create list",
  description: "Makes a list of images; a monitored one is searched again by its schedule.",
  version: "0.1.0",
  type: "action",
  props: {
    ...connection,
    label: {
      type: "string",
      label: "Label",
      description: "Label.",
    },
    monitored: {
      type: "boolean",
      label: "Monitored",
      description: "Monitored.",
      optional: true,
      default: false,
    },
    schedule: {
      type: "string",
      label: "Schedule",
      description: "As JSON: an object with `days`, `at`, `cron`, `timezone`.",
      optional: true,
    },
    providers: {
      type: "string[]",
      label: "Providers",
      description: "Providers.",
      optional: true,
      default: [],
      options(page) {
        return copyhound(this).choices("/api/v1/choices/providers", page);
      },
    },
    minConfidence: {
      type: "string",
      label: "Min confidence",
      description: "Min confidence.",
      optional: true,
    },
    ifAbsent: {
      type: "boolean",
      label: "If absent",
      description: "If absent.",
      optional: true,
      default: false,
    },
  },
  async run({ $ }) {
    const answer = await copyhound(this).act("create_list", {
      "label": this.label,
      "monitored": this.monitored,
      "schedule": this.schedule,
      "providers": this.providers,
      "min_confidence": this.minConfidence && Number(this.minConfidence),
      "if_absent": this.ifAbsent,
    }, $.context);
    $.export("$summary", "Create list: done");
    return answer;
  },
};
