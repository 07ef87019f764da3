import copyhound, { filled } from "./client.mjs";

// What every source does: subscribe, check signatures, emit each event once.

const HISTORY = 10;

export default {
  dedupe: "unique",
  methods: {
    _emit(event) {
      this.$emit(event, {
        id: event.id,
        summary: this.summary(event),
        ts: Date.parse(event.timestamp),
      });
    },
    /** One line for the list of events. */
    summary(event) {
      return [this.title(), event.image_name, event.image_url || event.list_label || event.reason].filter(Boolean).join(": ");
    },
  },
  hooks: {
    async deploy() {
      const newest = await copyhound(this).samples(this.trigger(), HISTORY, filled(this.filter()));
      newest.filter((event) => !event.id.startsWith("evt_sample_")).reverse().forEach((event) => this._emit(event));
    },
    async activate() {
      const hook = await copyhound(this).subscribe(this.trigger(), this.http.endpoint, filled(this.filter()));
      this.db.set("hook", { id: hook.id, secret: hook.secret });
    },
    async deactivate() {
      const hook = this.db.get("hook");
      if (hook) await copyhound(this).unsubscribe(hook.id);
      this.db.set("hook", null);
    },
  },
  async run(event) {
    const hook = this.db.get("hook");
    const raw = event.bodyRaw ?? JSON.stringify(event.body);
    if (!hook) return this.http.respond({ status: 503 });
    if (!copyhound(this).verified(event.headers, raw, hook.secret)) {
      // its secret may have been changed meanwhile
      const { secret } = await copyhound(this).secret(hook.id);
      if (!copyhound(this).verified(event.headers, raw, secret)) return this.http.respond({ status: 401 });
      this.db.set("hook", { ...hook, secret });
    }
    this._emit(JSON.parse(raw));
    return this.http.respond({ status: 204 });
  },
};
