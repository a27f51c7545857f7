import { stringify } from "smol-toml";

import type { Config } from "./schema.ts";

/** The configuration as a file that loads back to the same; an absent `log.level` stays absent. */
export function formatConfig(config: Config): string {
  return stringify(config);
}
