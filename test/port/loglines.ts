import { afterEach, beforeEach } from "bun:test";

import type { LogLevel } from "../../src/log/level.ts";
import { type Logging, setupLogging } from "../../src/log/setup.ts";

/** Collects what is logged during each test of a file, as `NOTICE :- portset: PortInitDone`. */
export function collectLog(level: LogLevel = "notice"): () => string[] {
  let logging: Logging | undefined;
  let text = "";
  const stderr = {
    isTty: false,
    inode: undefined,
    write: (line: string) => {
      text += line;
      return true;
    },
  };
  beforeEach(() => {
    text = "";
    logging = setupLogging({ format: "auto", level, env: {}, stderr, stdout: stderr, hasSyslogSocket: false });
  });
  afterEach(() => logging?.[Symbol.dispose]());
  return () => text.split("\n").filter((line) => line !== "");
}
