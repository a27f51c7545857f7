import { mkdir, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";

import type { Rule } from "../alert/rule.ts";
import { quoteWord } from "../log/escape.ts";
import type { MetricName } from "../metrics/definitions.ts";
import { alertmanagerFile } from "../monitoring/alertmanager.ts";
import { EXPORT_MARK, type ExportedFile } from "../monitoring/exportedfile.ts";
import { dashboardFiles } from "../monitoring/grafana/dashboards.ts";
import { queryFile, ruleFile } from "../monitoring/rulefile.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { Failure } from "./failure.ts";
import type { ExportKind } from "./options.ts";
import { printText } from "./output.ts";

/** What is to be written, and where. */
export interface ExportRequest {
  readonly kind: ExportKind;
  /** A directory; `-` for the standard output. */
  readonly out: string;
  /** The rules that the daemon has. */
  readonly rules: readonly Rule<MetricName>[];
}

const WRITERS: Readonly<Record<ExportKind, (rules: ExportRequest["rules"]) => readonly ExportedFile[]>> = {
  "prometheus-rules": (rules) => [ruleFile(rules)],
  promql: () => [queryFile()],
  alertmanager: () => [alertmanagerFile()],
  grafana: () => dashboardFiles(),
};

/**
 * Writes the files and prints their paths. Files that were exported before are replaced; when another file has one of the
 * names, none is written. Throws Failure.
 */
export async function runExport({ kind, out, rules }: ExportRequest): Promise<ExitCode> {
  const files = WRITERS[kind](rules);
  if (out === "-") return printOne(kind, files);
  const paths = files.map(({ name }) => join(out, name));
  await attempt(out, () => mkdir(out, { recursive: true }));
  for (const path of paths)
    if (!(await attempt(path, () => isOurs(path))))
      throw new Failure(EXIT.ioErr, `${quoteWord(path)} is not replaced: portsyncd did not write it`);
  for (const [i, { text }] of files.entries()) await attempt(paths[i]!, () => replace(paths[i]!, text));
  await printText(paths.join("\n"));
  return EXIT.ok;
}

async function printOne(kind: ExportKind, files: readonly ExportedFile[]): Promise<ExitCode> {
  const [file, ...others] = files;
  if (others.length > 0)
    throw new Failure(EXIT.usage, `${kind} is ${files.length} files: --out needs a directory for them`);
  await printText(file!.text);
  return EXIT.ok;
}

async function attempt<Result>(path: string, act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error)) throw error;
    const denied = error.code === "EACCES" || error.code === "EPERM";
    throw new Failure(denied ? EXIT.noPerm : EXIT.ioErr, `${quoteWord(path)} cannot be written: ${error.message}`);
  }
}

/** Whether a path is free, or is of a file that was exported. */
async function isOurs(path: string): Promise<boolean> {
  const file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (!file) return true;
  try {
    return (await file.readFile("utf8")).includes(EXPORT_MARK);
  } finally {
    await file.close();
  }
}

/** Who reads the file meanwhile, as Prometheus may, has the old one or the new one. */
async function replace(path: string, text: string): Promise<void> {
  const beside = `${path}.${process.pid}.tmp`;
  try {
    await Bun.write(beside, text);
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
