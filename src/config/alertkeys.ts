import { type Key, path, type RawTable, seconds, tables, text, url, urls } from "./key.ts";

/** How many [[alerts.rules]] there may be: each costs a look at its metrics every few seconds. */
export const MOST_RULES = 200;

const rules: Key<readonly RawTable[]> = tables(MOST_RULES, {
  meaning: "the alert rules that are added, and those of the daemon that are changed",
  live: true,
});

/** The keys of [alerts]. */
export const ALERT_KEYS = {
  alertmanagers: urls(false, {
    meaning:
      "the Alertmanagers, each of which is told of every alert (POST URL/api/v2/alerts); those of one cluster all belong here",
    live: true,
  }),
  webhooks: urls(true, {
    meaning:
      "who else is told when an alert begins to fire and when it is resolved, in the format of Alertmanager's webhooks",
    live: true,
  }),
  instance: text(
    "",
    'text of 1 to 253 printable ASCII characters, or "" for the name of the host',
    (name) => /^[\x20-\x7e]{0,253}$/.test(name),
    { meaning: "the label instance of every alert; best the one under which Prometheus knows the switch", live: false },
  ),
  external_url: url({
    meaning: "where people find the daemon's status page; goes with every alert as its generatorURL",
    live: true,
  }),
  ca: path("those of the system", {
    meaning:
      "the CAs, in PEM, of which one must have signed the certificates of https receivers; read for each message",
    live: true,
  }),
  timeout_secs: seconds(10, 0.1, 60, {
    meaning: "how long a receiver may take to answer; then, as after an error, it is told again later",
    live: true,
  }),
  rules,
};
