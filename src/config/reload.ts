import { type Config, KEYS } from "./schema.ts";

/** The keys in which two configurations differ, by what it takes to apply them. */
export interface ConfigDiff {
  /** What {@link mergeLive} takes over. */
  readonly live: readonly string[];
  /** What the running daemon keeps until it is restarted. */
  readonly restart: readonly string[];
}

/** Compares the running configuration with one just loaded. */
export function diffConfig(running: Config, loaded: Config): ConfigDiff {
  const live: string[] = [];
  const restart: string[] = [];
  for (const [path, key] of KEYS)
    if (!Bun.deepEquals(valueAt(running, path), valueAt(loaded, path))) (key.live ? live : restart).push(path);
  return { live, restart };
}

/** The running configuration with the live keys of the loaded one. */
export function mergeLive(running: Config, loaded: Config): Config {
  const merged: Record<string, unknown> = {};
  for (const [path, key] of KEYS) {
    const value = valueAt(key.live ? loaded : running, path);
    const [table, name] = path.split(".");
    if (name === undefined) merged[table!] = value;
    else Object.assign((merged[table!] ??= {}) as object, value === undefined ? {} : { [name]: value });
  }
  return merged as unknown as Config;
}

function valueAt(config: Config, path: string): unknown {
  let value: unknown = config;
  for (const part of path.split(".")) value = (value as Record<string, unknown>)[part];
  return value;
}
