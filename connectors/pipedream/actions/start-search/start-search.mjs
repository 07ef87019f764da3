// Written from Copyhound's catalogue by `make connectors`, never by hand.

import copyhound, { connection } from "../../common/client.mjs";

export default {
  key: "copyhound-start-search",
  name: "Start search",
  description: "Looks for copies of one or more images. Answers at once; `find_search` tells how far it is, `search_complete` its end.",
  version: "0.1.0",
  type: "action",
  props: {
    ...connection,
    images: {
      type: "string[]",
      label: "Images",
      description: "As JSON: an object with `url`, `base64`, `name`.",
    },
    listId: {
      type: "string",
      label: "List",
      description: "Add the images to this list; without it, a new one is made.",
      optional: true,
      options(page) {
        return copyhound(this).choices("/api/v1/choices/lists", page);
      },
    },
    listLabel: {
      type: "string",
      label: "List label",
      description: "What the new list is called, where there is no `list_id`.",
      optional: true,
    },
    providers: {
      type: "string[]",
      label: "Providers",
      description: "Empty: those that are asked by default, such as the own index.",
      optional: true,
      default: [],
      options(page) {
        return copyhound(this).choices("/api/v1/choices/providers", page);
      },
    },
    verify: {
      type: "boolean",
      label: "Verify",
      description: "Compare what is found with the picture itself, pixel by pixel.",
      optional: true,
      default: true,
    },
  },
  async run({ $ }) {
    const answer = await copyhound(this).act("start_search", {
      "images": this.images,
      "list_id": this.listId,
      "list_label": this.listLabel,
      "providers": this.providers,
      "verify": this.verify,
    }, $.context);
    $.export("$summary", "Start search: done");
    return answer;
  },
};
