import { basename, dirname, join } from "node:path";

import type { Config } from "../config/schema.ts";

/** Where the admin socket of a configuration is: each ASIC has its own; "" for none. */
export function adminSocketPath({ http, namespace }: Pick<Config, "http" | "namespace">): string {
  const { admin_socket: path } = http;
  return path === "" ? "" : join(dirname(path), namespace, basename(path));
}
