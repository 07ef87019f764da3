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
      description: "What the list is called.",
    },
    monitored: {
      type: "boolean",
      label: "Monitored",
      description: "Search its images again and again.",
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
      description: "Who is asked; empty: those that are asked by default, such as the own index.",
      optional: true,
      default: [],
      options(page) {
        return copyhound(this).choices("/api/v1/choices/providers", page);
      },
    },
    minConfidence: {
      type: "string",
      label: "Min confidence",
      description: "Matches below it are not told of; 50 is the line between a copy and another picture.",
      optional: true,
    },
    ifAbsent: {
      type: "boolean",
      label: "If absent",
      description: "Where there are lists of this label, upper and lower case being the same, the newest is answered as it is.",
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
