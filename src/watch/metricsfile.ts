import { constants } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { join } from "node:path";

import { getLog } from "../log/logger.ts";
import type { MetricData } from "../metrics/registry.ts";
import { checkPlain, openDirectory } from "../store/directory.ts";
import type { Clock } from "../util/clock.ts";

/** The name of the file in its directory. */
export const METRICS_FILE = "metrics.json";

const FILE_MODE = 0o640;

const log = getLog("metrics");

/** Where the metrics are written, and how often. */
export interface MetricsFileOptions {
  /** Kept as the store keeps its directory: made if need be, and refused when others may write in it. */
  readonly directory: string;
  readonly intervalMs: number;
}

/**
 * Writes all metrics to a file now and then, for those who read files. Whoever opens it finds it whole: it takes the place of
 * the former one when it is on the disk. Nothing waits for it; what fails is told once for each new reason, and tried again.
 */
export class MetricsFile implements Disposable {
  readonly #options: MetricsFileOptions;
  readonly #clock: Clock;
  readonly #read: () => Promise<readonly MetricData[]>;
  #cancel = () => {};
  #disposed = false;
  #failure = "";

  /** Writes at once, and then after each interval. */
  constructor(options: MetricsFileOptions, clock: Clock, read: () => Promise<readonly MetricData[]>) {
    this.#options = options;
    this.#clock = clock;
    this.#read = read;
    void this.#write();
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#cancel();
  }

  async #write(): Promise<void> {
    try {
      const metrics = await this.#read();
      const time = new Date(this.#clock.wallNow()).toISOString();
      await replaceFile(this.#options.directory, `${JSON.stringify({ time, metrics })}\n`);
      this.#failure = "";
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      if (failure !== this.#failure) log.error("{file} is not written: {failure}", { file: METRICS_FILE, failure });
      this.#failure = failure;
    }
    if (!this.#disposed) this.#cancel = this.#clock.after(this.#options.intervalMs, () => void this.#write());
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  const { directory } = openDirectory(path);
  const target = join(directory, METRICS_FILE);
  const fresh = `${target}.new`;
  checkPlain(target);
  await rm(fresh, { force: true });
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  const file = await open(fresh, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, FILE_MODE);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(fresh, target);
}
