import * as v from "valibot";

import { isPath, type Key, seconds, text } from "./key.ts";

/** How many [[alerts.rules]] there may be: each costs a look at its metrics every few seconds. */
export const MOST_RULES = 200;
const MOST_URL = 2048;

/** A table of [[alerts.rules]], as parsed. */
export type RawRule = Readonly<Record<string, unknown>>;

/** Whether a value of a parsed file is a table. */
export function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** Whether text is a URL without a secret that a log would tell, or a part that is never sent. */
function isUrl(text: string, mayHaveQuery: boolean): boolean {
  if (!/^https?:\/\/[\x21-\x7e]+$/.test(text) || text.length > MOST_URL || !URL.canParse(text)) return false;
  const { username, password } = new URL(text);
  return username === "" && password === "" && !text.includes("#") && (mayHaveQuery || !text.includes("?"));
}

function urls(allowed: string, mayHaveQuery: boolean, meaning: string): Key<readonly string[]> {
  const url = v.pipe(
    v.string(),
    v.check((text) => isUrl(text, mayHaveQuery)),
  );
  const check = v.pipe(
    v.array(url),
    v.check((list) => new Set(list).size === list.length),
  );
  return { type: "array of strings", default: [], allowed, check, meaning, live: true };
}

const rules: Key<readonly RawRule[]> = {
  type: "array of tables",
  default: [],
  allowed: `tables, at most ${MOST_RULES}`,
  meaning: "the alert rules that are added, and those of the daemon that are changed",
  live: true,
  check: v.pipe(v.array(v.custom<Record<string, unknown>>(isTable)), v.maxLength(MOST_RULES)),
};

/** The keys of [alerts]. */
export const ALERT_KEYS = {
  alertmanagers: urls(
    "a list of http or https URLs without user, query and fragment, each once",
    false,
    "the Alertmanagers, each of which is told of every alert (POST URL/api/v2/alerts); those of one cluster all belong here",
  ),
  webhooks: urls(
    "a list of http or https URLs without user and fragment, each once",
    true,
    "who else is told when an alert begins to fire and when it is resolved, in the format of Alertmanager's webhooks",
  ),
  instance: text(
    "",
    'text of 1 to 253 printable ASCII characters, or "" for the name of the host',
    (name) => /^[\x20-\x7e]{0,253}$/.test(name),
    { meaning: "the label instance of every alert; best the one under which Prometheus knows the switch", live: false },
  ),
  external_url: text("", 'an http or https URL, or "" for none', (url) => url === "" || isUrl(url, true), {
    meaning: "where people find the daemon's status page; goes with every alert as its generatorURL",
    live: true,
  }),
  ca: text("", 'an absolute path, or "" for those of the system', (path) => path === "" || isPath(path), {
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
