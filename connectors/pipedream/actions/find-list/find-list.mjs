// Written from Copyhound's catalogue by `make connectors`, never by hand.

import copyhound, { connection } from "../../common/client.mjs";

export default {
  key: "copyhound-find-list",
  name: "Find list",
  description: "Finds lists by their label.",
  version: "0.1.0",
  type: "action",
  props: {
    ...connection,
    label: {
      type: "string",
      label: "Label",
      description: "Upper and lower case are the same.",
    },
    exact: {
      type: "boolean",
      label: "Exact",
      description: "False: any label that contains it.",
      optional: true,
      default: true,
    },
  },
  async run({ $ }) {
    const answer = await copyhound(this).act("find_list", {
      "label": this.label,
      "exact": this.exact,
    }, $.context);
    $.export("$summary", "Find list: done");
    return answer;
  },
};
