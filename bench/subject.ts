import { relative, resolve } from "node:path";

import { type DaemonConfig, freshBinary } from "../test/support/daemon.ts";

/** For the usage of every bench. */
export const WHICH_DAEMON =
  "Measures what PORTSYNCD_BINARY names; without it dist/portsyncd, or the sources where that is not up to date.";

/** Without what can be done without: no history, so that nothing of alerts and trends is kept, either. */
export const UNWATCHED: DaemonConfig = { store: { enabled: false } };

/** With the writer that is not the default. */
export const NODE_REDIS: DaemonConfig = { performance: { writer: "node-redis" } };

/** The daemon that is measured. */
export interface Subject {
  /** The executable; undefined for the sources. */
  readonly binary: string | undefined;
  /** As a result names it. */
  readonly name: string;
}

/** The daemon that this run measures. */
export function measuredDaemon(): Subject {
  const named = process.env["PORTSYNCD_BINARY"];
  const binary = named ? resolve(named) : freshBinary();
  return { binary, name: binary === undefined ? "the sources" : relative(resolve(import.meta.dir, ".."), binary) };
}
