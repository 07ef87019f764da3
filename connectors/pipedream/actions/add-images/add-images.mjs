// Written from Copyhound's catalogue by `make connectors`, never by hand.

import copyhound, { connection } from "../../common/client.mjs";

export default {
  key: "copyhound-add-images",
  name: "Add images",
  description: "Adds images to a list without searching them now: a monitored list does when it is due.",
  version: "0.1.0",
  type: "action",
  props: {
    ...connection,
    listId: {
      type: "string",
      label: "List",
      description: "The list to add them to.",
      options(page) {
        return copyhound(this).choices("/api/v1/choices/lists", page);
      },
    },
    images: {
      type: "string[]",
      label: "Images",
      description: "As JSON: an object with `url`, `base64`, `name`.",
    },
  },
  async run({ $ }) {
    const answer = await copyhound(this).act("add_images", {
      "list_id": this.listId,
      "images": this.images,
    }, $.context);
    $.export("$summary", "Add images: done");
    return answer;
  },
};
